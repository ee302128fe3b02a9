package peer.bolt;

import java.io.Serializable;

/** Answered after a sleep. */
public class SleepRequest implements Serializable {
    private static final long serialVersionUID = 1L;

    public int millis;
    public String tag;

    public SleepRequest() {
    }

    public SleepRequest(int millis, String tag) {
        this.millis = millis;
        this.tag = tag;
    }
}
