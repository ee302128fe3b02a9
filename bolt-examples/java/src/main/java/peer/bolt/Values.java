package peer.bolt;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;

/** Values to send. */
final class Values {
    private Values() {
    }

    /** Latin, accents, three-byte characters and one outside the basic plane. */
    static final String TEXT = "hello, h\u00e9llo, \u4e2d\u6587, \ud83d\ude00";

    static byte[] bytes(int length) {
        byte[] bytes = new byte[length];
        for (int i = 0; i < length; i++) {
            bytes[i] = (byte) (i * 31 + i / 256);
        }
        return bytes;
    }

    static EchoRequest echo(int id, int payload) {
        EchoRequest r = new EchoRequest();
        r.id = id;
        r.msg = TEXT;
        r.payload = bytes(payload);
        r.ts = 1_700_000_000_123L;
        r.d = 12.25;
        r.flag = true;
        r.boxed = -7;
        r.tags = new ArrayList<>(Arrays.asList("a", "", "\u4e2d"));
        r.attrs = attrs();
        return r;
    }

    private static Map<String, String> attrs() {
        Map<String, String> attrs = new LinkedHashMap<>();
        attrs.put("k1", "v1");
        attrs.put("", "empty key");
        attrs.put("k3", "\ud83d\ude00");
        return attrs;
    }

    static NestedRequest nested() {
        return new NestedRequest("outer", new Inner(1, "one"),
            new ArrayList<>(Arrays.asList(new Inner(2, "two"), null, new Inner(Integer.MIN_VALUE, ""))));
    }
}
