package peer.bolt;

import java.io.Serializable;

/** One processor serves MultiA and MultiB. */
public class MultiA implements Serializable {
    private static final long serialVersionUID = 1L;

    public String msg;

    public MultiA() {
    }

    public MultiA(String msg) {
        this.msg = msg;
    }
}
