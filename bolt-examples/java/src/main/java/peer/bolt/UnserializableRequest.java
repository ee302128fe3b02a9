package peer.bolt;

import java.io.Serializable;

/** Answered by something that cannot be serialized. */
public class UnserializableRequest implements Serializable {
    private static final long serialVersionUID = 1L;

    public String msg;

    public UnserializableRequest() {
    }

    public UnserializableRequest(String msg) {
        this.msg = msg;
    }
}
