package peer.bolt;

import java.io.Serializable;

/** One runs, one waits, any further is refused. */
public class BusyRequest implements Serializable {
    private static final long serialVersionUID = 1L;

    public int millis;

    public BusyRequest() {
    }

    public BusyRequest(int millis) {
        this.millis = millis;
    }
}
