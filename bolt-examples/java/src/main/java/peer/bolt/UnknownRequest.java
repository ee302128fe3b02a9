package peer.bolt;

import java.io.Serializable;

/** No server has a processor for it. */
public class UnknownRequest implements Serializable {
    private static final long serialVersionUID = 1L;

    public String msg;

    public UnknownRequest() {
    }

    public UnknownRequest(String msg) {
        this.msg = msg;
    }
}
