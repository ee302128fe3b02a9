package peer.bolt;

import java.io.Serializable;
import java.util.List;

/** Objects within an object; answered by an equal one. */
public class NestedRequest implements Serializable {
    private static final long serialVersionUID = 1L;

    public String name;
    public Inner inner;
    public List<Inner> inners;

    public NestedRequest() {
    }

    public NestedRequest(String name, Inner inner, List<Inner> inners) {
        this.name = name;
        this.inner = inner;
        this.inners = inners;
    }
}
