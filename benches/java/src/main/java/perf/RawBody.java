package perf;

import java.io.Serializable;

/** Bytes that travel as they are. */
public final class RawBody implements Serializable {
    private static final long serialVersionUID = 1L;

    public byte[] content;

    public RawBody(byte[] content) {
        this.content = content;
    }
}
