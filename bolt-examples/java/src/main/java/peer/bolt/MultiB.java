package peer.bolt;

import java.io.Serializable;

/** One processor serves MultiA and MultiB. */
public class MultiB implements Serializable {
    private static final long serialVersionUID = 1L;

    public String msg;

    public MultiB() {
    }

    public MultiB(String msg) {
        this.msg = msg;
    }
}
