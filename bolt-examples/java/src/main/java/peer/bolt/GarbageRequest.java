package peer.bolt;

import java.io.Serializable;

/** Its content is never Hessian. */
public class GarbageRequest implements Serializable {
    private static final long serialVersionUID = 1L;

    public String msg;

    public GarbageRequest() {
    }

    public GarbageRequest(String msg) {
        this.msg = msg;
    }
}
