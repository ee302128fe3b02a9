package peer.bolt;

import com.alipay.remoting.Connection;
import com.alipay.remoting.exception.ConnectionClosedException;
import com.alipay.remoting.exception.RemotingException;
import com.alipay.remoting.rpc.RpcResponseFuture;
import com.alipay.remoting.rpc.exception.InvokeTimeoutException;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;

/** Protocol versions, pools, heartbeats, and connections that end. */
final class ConnectionScenarios {
    private ConnectionScenarios() {
    }

    static void addTo(Map<String, Scenario> all) {
        all.put("pool", ConnectionScenarios::pool);
        all.put("v1", env -> version(env, "_PROTOCOL=1", "v1"));
        all.put("v2-1", env -> version(env, "_PROTOCOL=2&_VERSION=1", "v2.1"));
        all.put("v2-2", env -> version(env, "_PROTOCOL=2&_VERSION=2", env.crc() ? "v2.2+crc" : "v2.2"));
        all.put("crc", ConnectionScenarios::crc);
        all.put("heartbeat", ConnectionScenarios::heartbeat);
        all.put("close-pending", ConnectionScenarios::closePending);
        all.put("server-close-pending", ConnectionScenarios::serverClosePending);
        all.put("reconnect", ConnectionScenarios::reconnect);
        all.put("cancel", ConnectionScenarios::cancel);
    }

    private static String pool(Env env) throws Exception {
        Caller caller = env.openWith("_CONNECTIONNUM=8");
        Set<Integer> ports = new HashSet<>();
        long end = System.nanoTime() + 20_000_000_000L;
        while (ports.size() < 8 && System.nanoTime() < end) {
            ports.add(caller.port());
        }
        Check.equal("connections used", 8, ports.size());
        int open = caller.stats("@conns");
        Check.that(open >= 8, "the server counts only " + open + " connections");
        return "8 connections, all used";
    }

    private static String version(Env env, String parameters, String form) throws Exception {
        Caller caller = env.openAs(parameters);
        int port = caller.port();
        for (Style style : Style.values()) {
            Check.equal("string", "echo:" + Values.TEXT, caller.call(style, Values.TEXT));
            Check.echo(Values.echo(3, 1000), caller.call(style, Values.echo(3, 1000)));
            Check.equal("null", null, caller.call(style, new NullRequest("n")));
        }
        String key = Env.key("version");
        caller.oneway(new OnewayRequest(key));
        Check.eventually("oneway", 1, 10_000, () -> caller.stats("oneway:" + key));
        if (caller.tapped()) {
            MatrixScenarios.frames(caller, form, 1);
        }
        Check.serverError("[Server]OriginErrorMsg: java.lang.IllegalArgumentException: v",
            () -> caller.sync(new ThrowRequest("runtime", "v")));
        Check.equal("duplex", "cb0:d;", caller.sync(new DuplexRequest("sync", "d", 1)));
        caller.stillFine(port);
        return caller.tap.toString();
    }

    /** On and off in turn: each answer copies the switch of its request. */
    private static String crc(Env env) throws Exception {
        Caller caller = env.openAs("_PROTOCOL=2&_VERSION=2");
        int port = caller.port();
        int on = env.crc() ? 1 : 0;
        for (int i = 0; i < 50; i++) {
            for (boolean crc : new boolean[] {true, false}) {
                caller.crc(crc);
                Check.echo(Values.echo(i, i * 50), caller.sync(Values.echo(i, i * 50)));
            }
        }
        if (caller.tapped()) {
            Check.equal("answers with CRC in " + caller.tap, 50 + on, caller.tap.get("in v2.2+crc response"));
            Check.equal("answers without CRC in " + caller.tap, 51 - on, caller.tap.get("in v2.2 response"));
        }
        caller.stillFine(port);
        return "50 with and 50 without";
    }

    private static String heartbeat(Env env) throws Exception {
        int interval = env.options.number("heartbeat-interval-ms", 200);
        return env.withHeartbeat(interval, () -> {
            Caller caller = env.open();
            int port = caller.port();
            if (caller.tapped()) {
                Check.eventually("five acks", true, 20_000, () -> caller.tap.sum("in ", " ack") >= 5);
            } else {
                Thread.sleep(interval * 8L);
            }
            caller.stillFine(port);
            Check.that(caller.tap.sum("in ", " ack") <= caller.tap.sum("out ", " heartbeat"), "more acks than heartbeats");
            return caller.tap.sum("out ", " heartbeat") + " heartbeats, " + caller.tap.sum("in ", " ack") + " acks";
        });
    }

    /** Three calls of three styles that last long, and have begun. */
    private static List<Callable<Object>> longCalls(Caller caller) throws Exception {
        int before = caller.handled(SleepRequest.class);
        FutureTask<Object> sync = new FutureTask<>(() -> caller.sync(new SleepRequest(15_000, "s"), 25_000));
        Thread thread = new Thread(sync, "sync call");
        thread.setDaemon(true);
        thread.start();
        RpcResponseFuture future = caller.future(new SleepRequest(15_000, "f"), 25_000);
        Outcome outcome = caller.callback(new SleepRequest(15_000, "c"), 25_000);
        Check.eventually("calls have begun", true, 10_000, () -> caller.handled(SleepRequest.class) >= before + 3);
        List<Callable<Object>> calls = new ArrayList<>();
        calls.add(() -> {
            try {
                return sync.get(10, TimeUnit.SECONDS);
            } catch (java.util.concurrent.ExecutionException e) {
                throw (Exception) e.getCause();
            }
        });
        calls.add(() -> future.get(10_000));
        calls.add(() -> outcome.get(10_000));
        return calls;
    }

    private static String closePending(Env env) throws Exception {
        Caller caller = env.open();
        List<Callable<Object>> calls = longCalls(caller);
        caller.rpc.closeConnection(caller.address);
        for (Callable<Object> call : calls) {
            Check.fails(ConnectionClosedException.class, call);
        }
        Check.equal("a new connection", "echo:again", caller.sync("again"));
        return "3 calls ended with ConnectionClosedException";
    }

    private static String serverClosePending(Env env) throws Exception {
        Caller caller = env.open();
        int port = caller.port();
        Connection connection = caller.connection();
        List<Callable<Object>> calls = longCalls(caller);
        Check.equal("control", "ok", caller.sync(new ControlRequest("close", 100)));
        for (Callable<Object> call : calls) {
            Check.fails(ConnectionClosedException.class, call);
        }
        Check.that(connection.isInvokeFutureMapFinish(), "calls are still pending");
        int newPort = portAfter(caller, port);
        return "3 calls ended with ConnectionClosedException; port " + port + " then " + newPort;
    }

    /** Retries until a call arrives on another connection. */
    private static int portAfter(Caller caller, int port) throws Exception {
        long end = System.nanoTime() + 20_000_000_000L;
        RemotingException last = null;
        while (System.nanoTime() < end) {
            try {
                int now = (Integer) caller.sync(new StatsRequest("@port"), 3000);
                if (now != port) {
                    return now;
                }
            } catch (RemotingException e) {
                last = e;
            }
            Thread.sleep(50);
        }
        throw new Check.Failure("no new connection after 20 s, last error " + Check.show(last));
    }

    private static String reconnect(Env env) throws Exception {
        Caller caller = env.openReconnecting();
        int port = caller.port();
        int counted = caller.handled(StatsRequest.class);
        Check.equal("control", "ok", caller.sync(new ControlRequest("restart", 500)));
        int newPort = portAfter(caller, port);
        Check.equal("a call afterwards", "echo:back", caller.sync("back"));
        Check.that(caller.handled(StatsRequest.class) > counted, "the counters did not survive the restart");
        return "port " + port + " then " + newPort;
    }

    /** SOFABolt cannot cancel a call: its caller gives up by deadline, and nothing may stay behind. */
    private static String cancel(Env env) throws Exception {
        Caller caller = env.open();
        int port = caller.port();
        List<RpcResponseFuture> futures = new ArrayList<>();
        for (int i = 0; i < 200; i++) {
            futures.add(caller.future(new AsyncRequest("c" + i, 1000, i % 2 == 0 ? "never" : "ok"), 200));
        }
        for (RpcResponseFuture future : futures) {
            Check.fails(InvokeTimeoutException.class, () -> future.get(10_000));
        }
        Check.that(caller.connection().isInvokeFutureMapFinish(), "calls are still pending");
        // Answers that come too late harm nobody.
        Check.equal("a later answer", "async:late", caller.sync(new AsyncRequest("late", 1500, "ok")));
        Check.that(caller.connection().isInvokeFutureMapFinish(), "calls are still pending");
        caller.stillFine(port);
        return "200 abandoned calls";
    }
}
