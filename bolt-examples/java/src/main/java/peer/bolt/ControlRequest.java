package peer.bolt;

import java.io.Serializable;

/** Makes the server close a connection, restart or exit. */
public class ControlRequest implements Serializable {
    private static final long serialVersionUID = 1L;

    public String cmd;
    public int arg;

    public ControlRequest() {
    }

    public ControlRequest(String cmd, int arg) {
        this.cmd = cmd;
        this.arg = arg;
    }
}
