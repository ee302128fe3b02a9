package fx;

import java.io.Serializable;

public class Pt implements Serializable {
    public int x;
    public int y;

    public Pt() {
    }

    public Pt(int x, int y) {
        this.x = x;
        this.y = y;
    }
}
