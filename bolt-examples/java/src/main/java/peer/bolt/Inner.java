package peer.bolt;

import java.io.Serializable;

/** Part of NestedRequest. */
public class Inner implements Serializable {
    private static final long serialVersionUID = 1L;

    public int n;
    public String s;

    public Inner() {
    }

    public Inner(int n, String s) {
        this.n = n;
        this.s = s;
    }
}
