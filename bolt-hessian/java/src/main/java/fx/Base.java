package fx;

import java.io.Serializable;

public class Base implements Serializable {
    public long id;
    public String note = "unset";
}
