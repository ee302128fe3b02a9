package peer.bolt;

import java.util.LinkedHashMap;
import java.util.Map;

/** Every version of the protocol × every style × every kind of value. */
final class MatrixScenarios {
    private static final String[][] VERSIONS = {{"v1", "_PROTOCOL=1", "on", "v1"},
        {"v2.1", "_PROTOCOL=2&_VERSION=1", "on", "v2.1"},
        {"v2.2-crc", "_PROTOCOL=2&_VERSION=2", "on", "v2.2+crc"},
        {"v2.2-nocrc", "_PROTOCOL=2&_VERSION=2", "off", "v2.2"}};

    private MatrixScenarios() {
    }

    static void addTo(Map<String, Scenario> all) {
        Map<String, Object> values = new LinkedHashMap<>();
        values.put("string", Values.TEXT);
        values.put("pojo", Values.echo(7, 300));
        values.put("nested", Values.nested());
        values.put("bytes", Values.bytes(5000));
        values.put("null", new NullRequest("n"));
        values.put("empty", "");
        for (String[] version : VERSIONS) {
            for (String style : new String[] {"sync", "oneway", "future", "callback"}) {
                values.forEach((kind, value) -> all.put("matrix/" + version[0] + "/" + style + "/" + kind,
                    env -> run(env, version, style, value)));
            }
        }
    }

    private static String run(Env env, String[] version, String style, Object value) throws Exception {
        Caller caller = env.openAs(version[1]);
        caller.crc(version[2].equals("on"));
        String detail;
        if (style.equals("oneway")) {
            int before = caller.handled(value.getClass());
            caller.oneway(value);
            Check.eventually("arrived", true, 10_000, () -> caller.handled(value.getClass()) > before);
            detail = "counted as " + value.getClass().getName();
        } else {
            detail = check(value, caller.call(Style.valueOf(style.toUpperCase()), value));
        }
        if (caller.tapped()) {
            frames(caller, version[3], style.equals("oneway") ? 1 : 0);
        }
        return detail;
    }

    private static String check(Object sent, Object answer) {
        if (sent instanceof EchoRequest) {
            Check.echo((EchoRequest) sent, answer);
        } else if (sent instanceof NestedRequest) {
            Check.nested((NestedRequest) sent, answer);
        } else if (sent instanceof NullRequest) {
            Check.equal("answer", null, answer);
        } else {
            Check.equal("answer", sent instanceof String ? "echo:" + sent : sent, answer);
        }
        return Check.show(answer).split(" ")[0];
    }

    /** All frames of the connection, both ways, had the form that the version asks for. */
    static void frames(Caller caller, String form, int oneways) {
        int requests = caller.tap.get("out " + form + " request");
        Check.that(requests > 0, "no request of form " + form + ": " + caller.tap);
        Check.equal("requests in " + caller.tap, caller.tap.sum("out ", " request"), requests);
        Check.equal("answers in " + caller.tap, caller.tap.sum("in ", " response"), caller.tap.get("in " + form + " response"));
        Check.equal("answers to all requests in " + caller.tap, requests, caller.tap.get("in " + form + " response"));
        Check.equal("oneways in " + caller.tap, oneways, caller.tap.get("out " + form + " oneway"));
    }
}
