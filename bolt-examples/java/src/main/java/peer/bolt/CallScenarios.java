package peer.bolt;

import com.alipay.remoting.rpc.RpcResponseFuture;

import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Date;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedList;
import java.util.List;
import java.util.Map;

/** Calls that succeed: styles, values, sizes. */
final class CallScenarios {
    private CallScenarios() {
    }

    static void addTo(Map<String, Scenario> all) {
        all.put("sync", CallScenarios::sync);
        all.put("string", CallScenarios::string);
        all.put("types", CallScenarios::types);
        all.put("oneway", CallScenarios::oneway);
        all.put("future", CallScenarios::future);
        all.put("callback", CallScenarios::callback);
        all.put("concurrent", CallScenarios::concurrent);
        all.put("big", CallScenarios::big);
        all.put("empty", CallScenarios::empty);
        all.put("null", CallScenarios::nullAnswer);
        all.put("blocking", CallScenarios::blocking);
    }

    private static String sync(Env env) throws Exception {
        Caller caller = env.open();
        String server = null;
        for (int i = 0; i < 5; i++) {
            EchoRequest request = Values.echo(i, i * 100);
            Object answer = caller.sync(request);
            Check.echo(request, answer);
            server = ((EchoResponse) answer).server;
        }
        Check.equal("timeout in the frame", 4321, caller.sync(new StatsRequest("@timeout"), 4321));
        return "5 calls, answered by " + server;
    }

    private static String string(Env env) throws Exception {
        Caller caller = env.open();
        StringBuilder longer = new StringBuilder();
        for (int i = 0; i < 20_000; i++) {
            longer.append(Values.TEXT);
        }
        // Around the lengths at which Hessian changes its form of a string.
        List<String> texts = new ArrayList<>(Arrays.asList("x", Values.TEXT, "\ud83d\ude00", longer.toString()));
        for (int length : new int[] {25, 26, 27, 30, 31, 32, 33, 1023, 1024, 32767, 32768, 32769}) {
            texts.add(longer.substring(0, length));
        }
        for (String text : texts) {
            Check.equal("echo of " + text.length() + " chars", "echo:" + text, caller.sync(text));
        }
        return texts.size() + " strings of up to " + longer.length() + " chars";
    }

    private static String types(Env env) throws Exception {
        Caller caller = env.open();
        int count = 0;
        Object[] same = {0, 1, -1, 47, 48, -17, 2047, 2048, 262143, 262144, Integer.MAX_VALUE, Integer.MIN_VALUE, 0L,
            15L, 16L, -9L, 2047L, 2048L, 262143L, 262144L, (long) Integer.MAX_VALUE, Integer.MAX_VALUE + 1L,
            Long.MAX_VALUE, Long.MIN_VALUE, true, false, 0.0, 1.0, -1.0, 127.0, 128.0, -32768.0, 12.25, 0.1, Math.PI,
            Double.MAX_VALUE, Double.NaN, Double.NEGATIVE_INFINITY, new Date(0), new Date(1_700_000_000_123L),
            new Date(-1), new BigDecimal("12345678901234567890.0123456789"), new BigDecimal("-0.10"), new byte[0],
            Values.bytes(15), Values.bytes(16), Values.bytes(40_000), new int[] {1, -2, Integer.MAX_VALUE}, new int[0],
            new long[] {1, -2, Long.MIN_VALUE}, new String[] {"a", null, ""}, new String[0],
            new Object[] {"a", 1, 2L, null, true, 1.5, new Date(5)}, new ArrayList<>(), new HashMap<>(),
            new ArrayList<>(Arrays.asList("a", 1, null, 2L, new ArrayList<>(Arrays.asList(1, 2)))),
            new LinkedList<>(Arrays.asList("a", "b")), new HashSet<>(Arrays.asList("x", "y", "z")), map(new HashMap<>()),
            map(new LinkedHashMap<>())};
        for (Object value : same) {
            Check.equal("echo of " + Check.show(value), value, caller.sync(value));
            count++;
        }
        // Hessian has no form of their own for these.
        Object[][] changed = {{(short) -7, -7}, {(byte) 127, 127}, {'\u4e2d', "\u4e2d"}, {1.5f, 1.5}};
        for (Object[] pair : changed) {
            Check.equal("echo of " + Check.show(pair[0]), pair[1], caller.sync(pair[0]));
            count++;
        }
        Check.nested(Values.nested(), caller.sync(Values.nested()));
        return count + 1 + " values";
    }

    private static Map<Object, Object> map(Map<Object, Object> map) {
        map.put("k", "v");
        map.put(1, 2L);
        map.put("list", new ArrayList<>(Arrays.asList("in", "side")));
        map.put("null", null);
        return map;
    }

    private static String oneway(Env env) throws Exception {
        Caller caller = env.open();
        String key = Env.key("oneway");
        for (int i = 0; i < 50; i++) {
            caller.oneway(new OnewayRequest(key));
        }
        Check.eventually("count", 50, 10_000, () -> caller.stats("oneway:" + key));
        // A oneway is never answered: whatever comes belongs to StatsRequest.
        if (caller.tapped()) {
            Check.equal("answers to two-way requests", caller.tap.sum("out ", " request"),
                caller.tap.sum("in ", " response"));
        }
        Check.equal("count at the end", 50, caller.stats("oneway:" + key));
        return "50 arrived";
    }

    private static String future(Env env) throws Exception {
        Caller caller = env.open();
        List<RpcResponseFuture> futures = new ArrayList<>();
        for (int i = 0; i < 20; i++) {
            futures.add(caller.future(Values.echo(i, 10), Caller.TIMEOUT_MS));
        }
        for (int i = 19; i >= 0; i--) {
            Check.echo(Values.echo(i, 10), futures.get(i).get(Caller.TIMEOUT_MS));
        }
        return "20 futures, read backwards";
    }

    private static String callback(Env env) throws Exception {
        Caller caller = env.open();
        List<Outcome> outcomes = new ArrayList<>();
        for (int i = 0; i < 20; i++) {
            outcomes.add(caller.callback(Values.echo(i, 10), Caller.TIMEOUT_MS));
        }
        for (int i = 0; i < 20; i++) {
            Check.echo(Values.echo(i, 10), outcomes.get(i).get(Caller.TIMEOUT_MS));
        }
        return "20 callbacks";
    }

    /** All sent before any is read, on one connection. */
    private static String concurrent(Env env) throws Exception {
        int n = env.options.number("n", 10_000);
        Caller caller = env.open();
        int port = caller.port();
        List<RpcResponseFuture> futures = new ArrayList<>();
        for (int i = 0; i < n; i++) {
            futures.add(caller.future(echo64(i), 25_000));
        }
        for (int i = 0; i < n; i++) {
            Check.echo(echo64(i), futures.get(i).get(25_000));
        }
        caller.stillFine(port);
        return n + " calls";
    }

    private static EchoRequest echo64(int id) {
        EchoRequest r = new EchoRequest();
        r.id = id;
        r.msg = "m" + id;
        r.payload = Values.bytes(64);
        return r;
    }

    private static String big(Env env) throws Exception {
        int size = env.options.number("big", 5 << 20);
        Caller caller = env.open();
        int port = caller.port();
        for (Style style : Style.values()) {
            EchoRequest request = Values.echo(1, size);
            Check.echo(request, caller.call(style, request, 20_000));
            Check.equal("bytes", Values.bytes(size), caller.call(style, Values.bytes(size), 20_000));
        }
        caller.stillFine(port);
        return "POJO and byte[] with " + size + " bytes";
    }

    private static String empty(Env env) throws Exception {
        Caller caller = env.open();
        for (Style style : Style.values()) {
            Check.equal("empty string", "echo:", caller.call(style, ""));
            Check.equal("empty array", new byte[0], caller.call(style, new byte[0]));
            Check.equal("empty list", new ArrayList<>(), caller.call(style, new ArrayList<>()));
            EchoRequest request = new EchoRequest();
            Check.echo(request, caller.call(style, request));
            request.msg = "";
            request.payload = new byte[0];
            request.tags = new ArrayList<>();
            request.attrs = new HashMap<>();
            Check.echo(request, caller.call(style, request));
        }
        return "string, array, list, object with null and with empty fields";
    }

    private static String nullAnswer(Env env) throws Exception {
        Caller caller = env.open();
        for (Style style : Style.values()) {
            Check.equal("answer", null, caller.call(style, new NullRequest("n")));
        }
        return "null in all styles";
    }

    private static String blocking(Env env) throws Exception {
        Caller caller = env.open();
        List<Thread> threads = new ArrayList<>();
        List<Throwable> errors = new ArrayList<>();
        for (int t = 0; t < 16; t++) {
            int thread = t;
            threads.add(new Thread(() -> {
                try {
                    for (int i = 0; i < 50; i++) {
                        EchoRequest request = echo64(thread * 1000 + i);
                        Check.echo(request, caller.sync(request));
                    }
                } catch (Throwable e) {
                    synchronized (errors) {
                        errors.add(e);
                    }
                }
            }));
        }
        for (Thread thread : threads) {
            thread.setDaemon(true);
            thread.start();
        }
        for (Thread thread : threads) {
            thread.join(25_000);
            Check.that(!thread.isAlive(), "a thread is still waiting");
        }
        synchronized (errors) {
            Check.that(errors.isEmpty(), errors.size() + " threads failed: " + errors);
        }
        return "16 threads with 50 calls each";
    }
}
