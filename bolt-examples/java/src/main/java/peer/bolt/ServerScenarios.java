package peer.bolt;

import com.alipay.remoting.rpc.RpcResponseFuture;
import com.alipay.remoting.rpc.exception.InvokeTimeoutException;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** What a server can do besides answering at once: later, elsewhere, or by calling back. */
final class ServerScenarios {
    private ServerScenarios() {
    }

    static void addTo(Map<String, Scenario> all) {
        all.put("async", ServerScenarios::async);
        all.put("async-exception", ServerScenarios::asyncException);
        all.put("multi-interest", ServerScenarios::multiInterest);
        all.put("custom-serializer", ServerScenarios::customSerializer);
        all.put("executor-selector", ServerScenarios::executorSelector);
        all.put("io-thread", ServerScenarios::ioThread);
        all.put("duplex", ServerScenarios::duplex);
    }

    private static String async(Env env) throws Exception {
        Caller caller = env.open();
        int port = caller.port();
        for (Style style : Style.values()) {
            Check.equal("ok", "async:a", caller.call(style, new AsyncRequest("a", 50, "ok")));
            Check.equal("null", null, caller.call(style, new AsyncRequest("a", 10, "null")));
        }
        // Answers overtake one another.
        RpcResponseFuture slow = caller.future(new AsyncRequest("slow", 1500, "ok"), Caller.TIMEOUT_MS);
        Check.equal("fast", "async:fast", caller.sync(new AsyncRequest("fast", 0, "ok")));
        Check.equal("slow", "async:slow", slow.get(Caller.TIMEOUT_MS));
        Check.fails(InvokeTimeoutException.class, () -> caller.sync(new AsyncRequest("x", 0, "never"), 300));
        int rejected = caller.stats("double-rejected");
        Check.equal("double", "async:twice", caller.sync(new AsyncRequest("twice", 10, "double")));
        Check.eventually("second answer was rejected", true, 10_000, () -> caller.stats("double-rejected") > rejected);
        caller.stillFine(port);
        return "ok, null, never, double";
    }

    private static String asyncException(Env env) throws Exception {
        Caller caller = env.open();
        int port = caller.port();
        for (Style style : Style.values()) {
            Check.serverError("[Server]OriginErrorMsg: peer.bolt.PeerException: async-exception:e. AdditionalErrorMsg: null",
                () -> caller.call(style, new AsyncRequest("e", 10, "exception")));
            Check.serverError("[Server]OriginErrorMsg: java.lang.IllegalStateException: async-throw:t. AdditionalErrorMsg:",
                () -> caller.call(style, new AsyncRequest("t", 10, "throw")));
        }
        caller.stillFine(port);
        return "sent and thrown, in all styles";
    }

    private static String multiInterest(Env env) throws Exception {
        Caller caller = env.open();
        int multi = caller.stats("multi");
        int a = caller.handled(MultiA.class);
        int b = caller.handled(MultiB.class);
        Check.equal("MultiA", "A:x", caller.sync(new MultiA("x")));
        Check.equal("MultiB", "B:y", caller.sync(new MultiB("y")));
        Check.equal("MultiB", "B:z", caller.sync(new MultiB("z")));
        // Another client may be at work too.
        Check.that(caller.stats("multi") >= multi + 3, "`multi` was not counted");
        Check.that(caller.handled(MultiA.class) >= a + 1, "MultiA was not counted");
        Check.that(caller.handled(MultiB.class) >= b + 2, "MultiB was not counted");
        return "both classes";
    }

    private static String customSerializer(Env env) throws Exception {
        Caller caller = env.open();
        StringBuilder longest = new StringBuilder();
        while (longest.length() < 32_000) {
            longest.append("header..");
        }
        String[][] headers = {{"hdr", "re:hdr"}, {Values.TEXT, "re:" + Values.TEXT}, {null, null}, {"", null},
            {longest.toString(), "re:" + longest}};
        byte[][] bodies = {{1, 2, 3}, {}, Values.bytes(100_000)};
        for (Style style : Style.values()) {
            for (String[] header : headers) {
                for (byte[] body : bodies) {
                    Object answer = caller.call(style, new CustomRequest(header[0], body));
                    Check.that(answer instanceof CustomResponse, "expected a CustomResponse but was " + Check.show(answer));
                    Check.equal("header", header[1], ((CustomResponse) answer).headerText);
                    Check.equal("body", reversed(body), ((CustomResponse) answer).body);
                }
            }
        }
        return "text, no, empty and long header; small, empty and large body";
    }

    private static byte[] reversed(byte[] bytes) {
        byte[] reversed = new byte[bytes.length];
        for (int i = 0; i < bytes.length; i++) {
            reversed[bytes.length - 1 - i] = bytes[i];
        }
        return reversed;
    }

    private static String executorSelector(Env env) throws Exception {
        Caller caller = env.open();
        for (Style style : Style.values()) {
            Check.equal("header one", "m@sel-one", caller.call(style, new SelectorRequest("one", "m")));
            Check.equal("header two", "m@sel-two", caller.call(style, new SelectorRequest("two", "m")));
            Check.equal("no header", "m@sel-two", caller.call(style, new SelectorRequest(null, "m")));
        }
        return "sel-one and sel-two";
    }

    private static String ioThread(Env env) throws Exception {
        Caller caller = env.open();
        String name = null;
        for (Style style : Style.values()) {
            Object answer = caller.call(style, new IoThreadRequest("m"));
            Check.that(answer instanceof String && ((String) answer).matches("m@.+"), "not m@NAME: " + Check.show(answer));
            name = (String) answer;
        }
        return name;
    }

    private static String duplex(Env env) throws Exception {
        Caller caller = env.open();
        int port = caller.port();
        for (Style style : Style.values()) {
            for (String mode : new String[] {"sync", "future", "address"}) {
                Check.equal(mode, "cb0:m;cb1:m;cb2:m;", caller.call(style, new DuplexRequest(mode, "m", 3)));
            }
            Check.equal("throw", "InvokeServerException;InvokeServerException;",
                caller.call(style, new DuplexRequest("throw", "m", 2)));
        }
        Check.equal("no callback at all", "", caller.sync(new DuplexRequest("sync", "m", 0)));
        int before = caller.callbacks.get();
        Check.equal("oneway", "sent;sent;sent;", caller.sync(new DuplexRequest("oneway", "m", 3)));
        Check.eventually("oneways from the server", before + 3, 10_000, caller.callbacks::get);
        // Many at once: each waits for its callbacks on the connection that all share.
        List<RpcResponseFuture> futures = new ArrayList<>();
        for (int i = 0; i < 50; i++) {
            futures.add(caller.future(new DuplexRequest("sync", "n" + i, 2), 20_000));
        }
        for (int i = 0; i < 50; i++) {
            Check.equal("nested call " + i, "cb0:n" + i + ";cb1:n" + i + ";", futures.get(i).get(20_000));
        }
        caller.stillFine(port);
        return "sync, future, address, throw, oneway; 50 at once";
    }
}
