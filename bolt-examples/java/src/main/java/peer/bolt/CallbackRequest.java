package peer.bolt;

import java.io.Serializable;

/** What the server sends to the client. */
public class CallbackRequest implements Serializable {
    private static final long serialVersionUID = 1L;

    public String mode;
    public String msg;
    public int seq;

    public CallbackRequest() {
    }

    public CallbackRequest(String mode, String msg, int seq) {
        this.mode = mode;
        this.msg = msg;
        this.seq = seq;
    }
}
