package peer.bolt;

/** An application's own exception; the code does not travel in an error answer. */
public class PeerException extends Exception {
    private static final long serialVersionUID = 1L;

    public int code;

    public PeerException(String message, int code) {
        super(message);
        this.code = code;
    }
}
