package peer.bolt;

import java.io.Serializable;

/** Counted under oneway:KEY. */
public class OnewayRequest implements Serializable {
    private static final long serialVersionUID = 1L;

    public String key;

    public OnewayRequest() {
    }

    public OnewayRequest(String key) {
        this.key = key;
    }
}
