package fx;

public class Trouble extends Exception {
    public int code;

    public Trouble(String message) {
        super(message);
    }
}
