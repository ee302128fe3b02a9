package peer.bolt;

import java.io.Serializable;

/** Runs one at a time; not run if its deadline passed in the queue. */
public class FailFastRequest implements Serializable {
    private static final long serialVersionUID = 1L;

    public int millis;
    public String key;

    public FailFastRequest() {
    }

    public FailFastRequest(int millis, String key) {
        this.millis = millis;
        this.key = key;
    }
}
