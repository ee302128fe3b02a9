package peer.bolt;

import java.io.Serializable;

/** The header, written by SelectorCodec, chooses the executor. */
public class SelectorRequest implements Serializable {
    private static final long serialVersionUID = 1L;

    public String headerText;
    public String msg;

    public SelectorRequest() {
    }

    public SelectorRequest(String headerText, String msg) {
        this.headerText = headerText;
        this.msg = msg;
    }
}
