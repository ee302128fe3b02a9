package fx;

public class Child extends Base {
    public Pt point;
}
