package peer.bolt;

import java.io.Serializable;

/** Answered later, from another thread. */
public class AsyncRequest implements Serializable {
    private static final long serialVersionUID = 1L;

    public String msg;
    public int delayMs;
    public String mode;

    public AsyncRequest() {
    }

    public AsyncRequest(String msg, int delayMs, String mode) {
        this.msg = msg;
        this.delayMs = delayMs;
        this.mode = mode;
    }
}
