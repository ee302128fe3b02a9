package peer.bolt;

import java.io.Serializable;
import java.util.List;
import java.util.Map;

/** A value of every common kind. */
public class EchoRequest implements Serializable {
    private static final long serialVersionUID = 1L;

    public int id;
    public String msg;
    public byte[] payload;
    public long ts;
    public double d;
    public boolean flag;
    public Integer boxed;
    public List<String> tags;
    public Map<String, String> attrs;
}
