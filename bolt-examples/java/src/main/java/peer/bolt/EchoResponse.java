package peer.bolt;

import java.io.Serializable;
import java.util.List;
import java.util.Map;

/** The fields of EchoRequest and the name of the implementation that answered. */
public class EchoResponse implements Serializable {
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
    public String server;

    public EchoResponse() {
    }

    public EchoResponse(EchoRequest r, String server) {
        id = r.id;
        msg = r.msg;
        payload = r.payload;
        ts = r.ts;
        d = r.d;
        flag = r.flag;
        boxed = r.boxed;
        tags = r.tags;
        attrs = r.attrs;
        this.server = server;
    }
}
