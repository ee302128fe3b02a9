package peer.bolt;

import java.io.Serializable;

/** Makes the server call back on the same connection. */
public class DuplexRequest implements Serializable {
    private static final long serialVersionUID = 1L;

    public String mode;
    public String msg;
    public int times;

    public DuplexRequest() {
    }

    public DuplexRequest(String mode, String msg, int times) {
        this.mode = mode;
        this.msg = msg;
        this.times = times;
    }
}
