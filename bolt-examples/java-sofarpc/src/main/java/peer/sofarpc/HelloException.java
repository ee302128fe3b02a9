package peer.sofarpc;

/** What {@link HelloService#fail} throws. */
public class HelloException extends Exception {
    private static final long serialVersionUID = 1L;

    private final int code;

    public HelloException(String message) {
        super(message);
        this.code = 42;
    }

    public int getCode() {
        return code;
    }
}
