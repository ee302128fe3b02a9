package peer.bolt;

import com.alipay.remoting.exception.DeserializationException;
import com.alipay.remoting.exception.RemotingException;
import com.alipay.remoting.exception.SerializationException;
import com.alipay.remoting.rpc.RpcResponseFuture;
import com.alipay.remoting.rpc.exception.InvokeException;
import com.alipay.remoting.rpc.exception.InvokeServerBusyException;
import com.alipay.remoting.rpc.exception.InvokeTimeoutException;

import java.net.InetAddress;
import java.net.ServerSocket;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;

/** Calls that fail, and what the caller is told. */
final class ErrorScenarios {
    private ErrorScenarios() {
    }

    static void addTo(Map<String, Scenario> all) {
        all.put("timeout", ErrorScenarios::timeout);
        all.put("failfast", ErrorScenarios::failFast);
        all.put("connect-refused", ErrorScenarios::connectRefused);
        all.put("unknown-class", ErrorScenarios::unknownClass);
        all.put("server-exception", ErrorScenarios::serverException);
        all.put("busy", ErrorScenarios::busy);
        all.put("serial-exception", ErrorScenarios::serialException);
        all.put("deserial-exception", ErrorScenarios::deserialException);
    }

    private static String timeout(Env env) throws Exception {
        Caller caller = env.open();
        int port = caller.port();
        for (Style style : Style.values()) {
            long start = System.nanoTime();
            Check.fails(InvokeTimeoutException.class, () -> caller.call(style, new SleepRequest(3000, "late"), 200));
            long millis = (System.nanoTime() - start) / 1_000_000;
            // Neither at once nor when the handler has ended.
            Check.that(millis >= 150 && millis < 2800, style + " timed out after " + millis + " ms instead of 200");
        }
        caller.stillFine(port);
        Check.equal("a longer deadline", "slept:ok", caller.sync(new SleepRequest(300, "ok"), 10_000));
        Check.that(caller.connection().isInvokeFutureMapFinish(), "calls are still pending");
        return "sync, future, callback";
    }

    private static String failFast(Env env) throws Exception {
        Caller caller = env.open();
        int port = caller.port();
        String first = Env.key("first");
        String expired = Env.key("expired");
        String last = Env.key("last");
        RpcResponseFuture running = caller.future(new FailFastRequest(1000, first), 20_000);
        Check.eventually("first one runs", 1, 15_000, () -> caller.stats("ff:" + first));
        List<RpcResponseFuture> waiting = new ArrayList<>();
        for (int i = 0; i < 5; i++) {
            waiting.add(caller.future(new FailFastRequest(0, expired), 100));
        }
        for (RpcResponseFuture future : waiting) {
            Check.fails(InvokeTimeoutException.class, () -> future.get(5000));
        }
        Check.equal("first answer", "ff-done", running.get(20_000));
        // Runs after those that wait, so their turn is over then.
        Check.equal("last answer", "ff-done", caller.sync(new FailFastRequest(0, last), 20_000));
        Check.equal("runs of expired requests", 0, caller.stats("ff:" + expired));
        Check.equal("runs of the last one", 1, caller.stats("ff:" + last));
        caller.stillFine(port);
        return "5 expired requests were not run";
    }

    private static String connectRefused(Env env) throws Exception {
        int free;
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getByName("127.0.0.1"))) {
            free = socket.getLocalPort();
        }
        Caller caller = env.open("127.0.0.1:" + free);
        String text = null;
        for (Style style : Style.values()) {
            RemotingException e = Check.fails(RemotingException.class, () -> caller.call(style, "x", 3000));
            text = e.getMessage();
            Check.that(text != null && text.contains("127.0.0.1:" + free), "the error does not name the address: " + text);
        }
        Check.fails(RemotingException.class, () -> {
            caller.oneway("x");
            return null;
        });
        return text;
    }

    private static String unknownClass(Env env) throws Exception {
        Caller caller = env.open();
        int port = caller.port();
        for (Style style : Style.values()) {
            Check.serverError("No user processor found for request: peer.bolt.UnknownRequest",
                () -> caller.call(style, new UnknownRequest("u")));
        }
        caller.stillFine(port);
        return "refused in all styles";
    }

    private static String serverException(Env env) throws Exception {
        Caller caller = env.open();
        int port = caller.port();
        String[][] kinds = {{"runtime", "java.lang.IllegalArgumentException: why " + Values.TEXT},
            {"checked", "peer.bolt.PeerException: why " + Values.TEXT},
            {"error", "java.lang.StackOverflowError: why " + Values.TEXT},
            {"nomsg", "java.lang.NullPointerException: null"}};
        for (String[] kind : kinds) {
            for (Style style : Style.values()) {
                Check.serverError("[Server]OriginErrorMsg: " + kind[1] + ". AdditionalErrorMsg:",
                    () -> caller.call(style, new ThrowRequest(kind[0], "why " + Values.TEXT)));
            }
        }
        caller.oneway(new ThrowRequest("runtime", "nobody hears this"));
        caller.stillFine(port);
        return kinds.length + " kinds of exception in all styles";
    }

    /** One runs and one waits; who comes then is refused while the first still runs. */
    private static String busy(Env env) throws Exception {
        Caller caller = env.open();
        int port = caller.port();
        int before = caller.handled(BusyRequest.class);
        RpcResponseFuture running = caller.future(new BusyRequest(3000), 20_000);
        Check.eventually("first one runs", before + 1, 15_000, () -> caller.handled(BusyRequest.class));
        List<Callable<Boolean>> done = new ArrayList<>();
        List<Callable<?>> others = new ArrayList<>();
        for (int i = 0; i < 2; i++) {
            RpcResponseFuture future = caller.future(new BusyRequest(0), 20_000);
            done.add(future::isDone);
            others.add(() -> future.get(20_000));
            Outcome outcome = caller.callback(new BusyRequest(0), 20_000);
            done.add(outcome::isDone);
            others.add(() -> outcome.get(20_000));
        }
        // A server may take them in any order: whichever waits, the other three are refused, and then the fifth.
        Check.eventually("three refused", 3, 10_000, () -> {
            int n = 0;
            for (Callable<Boolean> other : done) {
                n += other.call() ? 1 : 0;
            }
            return n;
        });
        Check.fails(InvokeServerBusyException.class, () -> caller.sync(new BusyRequest(0), 20_000));
        Check.that(!running.isDone(), "the refusal came only after the first call had ended");
        Check.equal("first answer", "busy-done", running.get(20_000));
        int refused = 0;
        for (Callable<?> other : others) {
            try {
                Check.equal("answer", "busy-done", other.call());
            } catch (InvokeServerBusyException e) {
                refused++;
            }
        }
        Check.equal("refused of four", 3, refused);
        caller.stillFine(port);
        return "1 ran, 1 waited, 4 were refused";
    }

    private static String serialException(Env env) throws Exception {
        Caller caller = env.open();
        int port = caller.port();
        for (Style style : new Style[] {Style.SYNC, Style.FUTURE}) {
            SerializationException e = Check.fails(SerializationException.class,
                () -> caller.call(style, new UnserializableRequest("u")));
            Check.that(e.isServerSide(), "not marked as the server's");
        }
        Check.fails(InvokeException.class, () -> caller.call(Style.CALLBACK, new UnserializableRequest("u")));
        caller.stillFine(port);
        return "SERVER_SERIAL_EXCEPTION in all styles";
    }

    private static String deserialException(Env env) throws Exception {
        Caller caller = env.open();
        int port = caller.port();
        for (Style style : new Style[] {Style.SYNC, Style.FUTURE}) {
            DeserializationException e = Check.fails(DeserializationException.class,
                () -> caller.call(style, new GarbageRequest("g")));
            Check.that(e.isServerSide(), "not marked as the server's");
        }
        Check.fails(InvokeException.class, () -> caller.call(Style.CALLBACK, new GarbageRequest("g")));
        caller.stillFine(port);
        return "SERVER_DESERIAL_EXCEPTION in all styles";
    }
}
