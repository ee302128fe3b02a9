package peer.bolt;

import java.io.Serializable;

/** Handled on the connection's own thread. */
public class IoThreadRequest implements Serializable {
    private static final long serialVersionUID = 1L;

    public String msg;

    public IoThreadRequest() {
    }

    public IoThreadRequest(String msg) {
        this.msg = msg;
    }
}
