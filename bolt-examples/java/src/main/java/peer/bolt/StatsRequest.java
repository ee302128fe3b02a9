package peer.bolt;

import java.io.Serializable;

/** Asks for a counter. */
public class StatsRequest implements Serializable {
    private static final long serialVersionUID = 1L;

    public String key;

    public StatsRequest() {
    }

    public StatsRequest(String key) {
        this.key = key;
    }
}
