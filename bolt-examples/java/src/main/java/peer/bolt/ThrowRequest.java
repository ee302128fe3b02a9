package peer.bolt;

import java.io.Serializable;

/** The handler fails. */
public class ThrowRequest implements Serializable {
    private static final long serialVersionUID = 1L;

    public String kind;
    public String msg;

    public ThrowRequest() {
    }

    public ThrowRequest(String kind, String msg) {
        this.kind = kind;
        this.msg = msg;
    }
}
