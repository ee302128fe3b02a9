package fx;

public enum Color {
    RED, GREEN, BLUE
}
