package peer.bolt;

import java.io.Serializable;

/** Header and content are written by CustomCodec, not by Hessian. */
public class CustomRequest implements Serializable {
    private static final long serialVersionUID = 1L;

    public String headerText;
    public byte[] body;

    public CustomRequest() {
    }

    public CustomRequest(String headerText, byte[] body) {
        this.headerText = headerText;
        this.body = body;
    }
}
