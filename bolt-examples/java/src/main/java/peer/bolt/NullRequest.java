package peer.bolt;

import java.io.Serializable;

/** Answered by null. */
public class NullRequest implements Serializable {
    private static final long serialVersionUID = 1L;

    public String msg;

    public NullRequest() {
    }

    public NullRequest(String msg) {
        this.msg = msg;
    }
}
