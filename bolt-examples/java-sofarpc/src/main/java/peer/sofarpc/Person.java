package peer.sofarpc;

import java.io.Serializable;
import java.util.Date;
import java.util.List;

/** Fields of all kinds, one of them of the class itself. */
public class Person implements Serializable {
    private static final long serialVersionUID = 1L;

    public String name;
    public int age;
    public List<String> tags;
    public Person friend;
    public Date born;
}
