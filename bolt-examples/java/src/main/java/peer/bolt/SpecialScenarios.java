package peer.bolt;

import com.alipay.remoting.Connection;
import com.alipay.remoting.exception.ConnectionClosedException;
import com.alipay.remoting.exception.RemotingException;
import com.alipay.remoting.rpc.RpcResponseFuture;
import com.alipay.remoting.rpc.exception.InvokeSendFailedException;
import com.alipay.remoting.rpc.exception.InvokeServerBusyException;
import com.alipay.remoting.rpc.exception.InvokeTimeoutException;

import io.netty.channel.Channel;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.Random;
import java.util.concurrent.ConcurrentLinkedQueue;

/** Scenarios that need a server started for them, or much time. */
final class SpecialScenarios {
    private SpecialScenarios() {
    }

    static void addTo(Map<String, Scenario> all) {
        all.put("tls", SpecialScenarios::tls);
        all.put("tls-plain-client", SpecialScenarios::tlsPlainClient);
        all.put("idle-with-heartbeat", SpecialScenarios::idleWithHeartbeat);
        all.put("server-idle", SpecialScenarios::serverIdle);
        all.put("soak", SpecialScenarios::soak);
        all.put("drain", SpecialScenarios::drain);
    }

    private static String tls(Env env) throws Exception {
        Check.that(env.options.has("tls-keystore"), "needs --tls-keystore and --tls-password");
        Caller caller = env.open();
        int port = caller.port();
        for (Style style : Style.values()) {
            Check.equal("string", "echo:" + Values.TEXT, caller.call(style, Values.TEXT));
            Check.equal("bytes", Values.bytes(1 << 20), caller.call(style, Values.bytes(1 << 20)));
        }
        Check.equal("duplex", "cb0:d;cb1:d;", caller.sync(new DuplexRequest("sync", "d", 2)));
        caller.stillFine(port);
        return "all styles, 1 MiB, duplex";
    }

    private static String tlsPlainClient(Env env) throws Exception {
        Caller caller = env.openPlain();
        StringBuilder seen = new StringBuilder();
        for (Style style : Style.values()) {
            try {
                Object answer = caller.call(style, "x", 5000);
                throw new Check.Failure("a plain client was answered: " + Check.show(answer));
            } catch (InvokeTimeoutException e) {
                throw new Check.Failure("the connection was left open: " + Check.show(e));
            } catch (RemotingException e) {
                seen.append(e.getClass().getSimpleName()).append(' ');
            }
        }
        return seen.toString().trim();
    }

    /** For a server that closes after 1,000 ms of silence. */
    private static String idleWithHeartbeat(Env env) throws Exception {
        int interval = env.options.number("heartbeat-interval-ms", 250);
        return env.withHeartbeat(interval, () -> {
            Caller caller = env.open();
            int port = caller.port();
            Thread.sleep(4000);
            caller.stillFine(port);
            return "kept by " + caller.tap.sum("out ", " heartbeat") + " heartbeats";
        });
    }

    private static String serverIdle(Env env) throws Exception {
        return env.withHeartbeat(600_000, () -> {
            Caller caller = env.open();
            int port = caller.port();
            Channel channel = caller.connection().getChannel();
            Check.eventually("closed by the server", false, 15_000, channel::isActive);
            Thread.sleep(200);
            int newPort = caller.port();
            Check.that(newPort != port, "the connection is still the old one");
            return "closed, then connected anew";
        });
    }

    /**
     * For a server that is told to stop meanwhile: calls until it is gone, and counts the answers that came.
     *
     * <p>The calls name their connection, not the address: who has just chosen a connection that the peer closes finds
     * it inactive and closes it too, and then this version of SOFABolt may never end the calls under way on it. And they
     * are counted as they arrive: an answer that has come may yet lose to the end of its connection.
     */
    private static String drain(Env env) throws Exception {
        Caller caller = env.open();
        Connection connection = caller.connection();
        List<Thread> threads = new ArrayList<>();
        Queue<Throwable> unexpected = new ConcurrentLinkedQueue<>();
        for (int i = 0; i < 16; i++) {
            Thread thread = new Thread(() -> {
                while (true) {
                    try {
                        Check.equal("answer", "slept:x", caller.sync(connection, new SleepRequest(20, "x")));
                    } catch (InvokeServerBusyException e) {
                        // Until the others have had their answers.
                    } catch (ConnectionClosedException | InvokeSendFailedException e) {
                        return;
                    } catch (Exception e) {
                        unexpected.add(e);
                        return;
                    }
                }
            });
            threads.add(thread);
            thread.start();
        }
        for (Thread thread : threads) {
            thread.join();
        }
        Check.that(unexpected.isEmpty(), unexpected.size() + " unexpected ends such as " + unexpected.peek()
            + ", " + caller.tap + ", " + connection.getChannel());
        return "answered: " + caller.tap.get("in status 0") + ", refused as busy: " + caller.tap.get("in status 4");
    }

    private static String soak(Env env) throws Exception {
        int seconds = env.options.number("seconds", 10);
        Caller caller = env.open();
        int port = caller.port();
        Random random = new Random(1);
        long end = System.nanoTime() + seconds * 1_000_000_000L;
        int calls = 0;
        while (System.nanoTime() < end) {
            List<EchoRequest> sent = new ArrayList<>();
            List<RpcResponseFuture> futures = new ArrayList<>();
            for (int i = 0; i < 100; i++) {
                EchoRequest request = Values.echo(calls++, random.nextInt(2000));
                sent.add(request);
                futures.add(caller.future(request, 20_000));
            }
            Check.equal("null", null, caller.sync(new NullRequest("n")));
            Check.serverError("[Server]OriginErrorMsg: java.lang.IllegalArgumentException: s",
                () -> caller.sync(new ThrowRequest("runtime", "s")));
            for (int i = 0; i < 100; i++) {
                Check.echo(sent.get(i), futures.get(i).get(20_000));
            }
        }
        Check.that(caller.connection().isInvokeFutureMapFinish(), "calls are still pending");
        caller.stillFine(port);
        return calls + " calls in " + seconds + " s";
    }
}
