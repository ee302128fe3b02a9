package peer.bolt;

import com.alipay.remoting.AsyncContext;
import com.alipay.remoting.BizContext;
import com.alipay.remoting.rpc.RpcServer;
import com.alipay.remoting.rpc.protocol.AsyncUserProcessor;
import com.alipay.remoting.rpc.protocol.SyncMultiInterestUserProcessor;
import com.alipay.remoting.rpc.protocol.UserProcessor;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.Executor;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;

/** Every request class that the server answers. */
final class Processors {
    private static final String NAME = "SOFABolt 1.6.12 (Java)";

    /** Answered by the value that came, whatever Hessian has made of it. */
    private static final String[] SAME_VALUE = {"java.lang.Integer", "java.lang.Long", "java.lang.Boolean",
        "java.lang.Double", "java.lang.Short", "java.lang.Byte", "java.lang.Character", "java.lang.Float",
        "java.util.Date", "java.util.ArrayList", "java.util.LinkedList", "java.util.HashMap",
        "java.util.LinkedHashMap", "java.util.HashSet", "java.math.BigDecimal", "[B", "[I", "[J",
        "[Ljava.lang.String;", "[Ljava.lang.Object;", "peer.bolt.NestedRequest"};

    private static final int UNBOUNDED = Integer.MAX_VALUE;
    private static final Executor SLEEP = Pools.bounded("sleep", 128, UNBOUNDED);
    private static final Executor BUSY = Pools.bounded("busy", 1, 1);
    private static final Executor FAIL_FAST = Pools.bounded("failfast", 1, 1000);
    private static final Executor SELECTED_ONE = Pools.bounded("sel-one", 1, UNBOUNDED);
    private static final Executor SELECTED_TWO = Pools.bounded("sel-two", 1, UNBOUNDED);
    /** A handler that waits for the client must not take the threads that its answers arrive on. */
    private static final Executor DUPLEX = Pools.bounded("duplex", 128, UNBOUNDED);
    private static final ScheduledExecutorService LATER = Pools.timer("later", 4);

    private Processors() {
    }

    /** Fresh processors: those of a stopped RpcServer cannot be used again. */
    static List<UserProcessor<?>> all(Server server) {
        List<UserProcessor<?>> all = new ArrayList<>();
        for (String name : SAME_VALUE) {
            all.add(new Handler<Object>(name, (ctx, value) -> value));
        }
        all.add(new Handler<>(String.class, (ctx, s) -> "echo:" + s));
        all.add(new Handler<>(EchoRequest.class, (ctx, r) -> new EchoResponse(r, NAME)));
        all.add(new Handler<>(NullRequest.class, (ctx, r) -> null));
        all.add(new Handler<>(ThrowRequest.class, (ctx, r) -> fail(r)));
        all.add(new Handler<>(SleepRequest.class, (ctx, r) -> {
            Counters.add("slept");
            Thread.sleep(r.millis);
            return "slept:" + r.tag;
        }).on(SLEEP));
        all.add(new Handler<>(BusyRequest.class, (ctx, r) -> {
            Thread.sleep(r.millis);
            return "busy-done";
        }).on(BUSY));
        all.add(new Handler<>(FailFastRequest.class, (ctx, r) -> {
            Counters.add("ff:" + r.key);
            Thread.sleep(r.millis);
            return "ff-done";
        }).on(FAIL_FAST));
        all.add(new Handler<>(OnewayRequest.class, (ctx, r) -> {
            Counters.add("oneway:" + r.key);
            return null;
        }));
        all.add(new Handler<>(StatsRequest.class, (ctx, r) -> stats(server, ctx, r.key)));
        all.add(new Handler<>(DuplexRequest.class, (ctx, r) -> Duplex.answer(server, ctx, r)).on(DUPLEX));
        all.add(new Handler<>(CustomRequest.class, (ctx, r) -> custom(r)));
        all.add(new Handler<>(IoThreadRequest.class,
            (ctx, r) -> r.msg + "@" + Thread.currentThread().getName()).inIoThread());
        // A plain Object is not Serializable.
        all.add(new Handler<>(UnserializableRequest.class, (ctx, r) -> new Object()));
        all.add(new Handler<>(GarbageRequest.class, (ctx, r) -> "garbage was read"));
        Handler<SelectorRequest> selector = new Handler<>(SelectorRequest.class,
            (ctx, r) -> r.msg + "@" + Thread.currentThread().getName());
        selector.setExecutorSelector((className, header) -> "one".equals(header) ? SELECTED_ONE : SELECTED_TWO);
        all.add(selector);
        all.add(new Multi());
        all.add(new Async());
        all.add(new Control(server));
        return all;
    }

    private static Object fail(ThrowRequest r) throws Exception {
        switch (r.kind) {
            case "checked":
                throw new PeerException(r.msg, 42);
            case "error":
                throw new StackOverflowError(r.msg);
            case "nomsg":
                throw new NullPointerException();
            default:
                throw new IllegalArgumentException(r.msg);
        }
    }

    private static Integer stats(Server server, BizContext ctx, String key) {
        switch (key) {
            case "@port":
                return ctx.getRemotePort();
            case "@conns":
                return server.connections();
            case "@timeout":
                return ctx.getClientTimeout();
            default:
                return Counters.get(key);
        }
    }

    private static CustomResponse custom(CustomRequest r) {
        byte[] reversed = new byte[r.body.length];
        for (int i = 0; i < reversed.length; i++) {
            reversed[i] = r.body[reversed.length - 1 - i];
        }
        return new CustomResponse(r.headerText == null ? null : "re:" + r.headerText, reversed);
    }

    private static final class Multi extends SyncMultiInterestUserProcessor<Object> {
        @Override
        public Object handleRequest(BizContext ctx, Object request) {
            Counters.add(request.getClass().getName());
            Counters.add("multi");
            return request instanceof MultiA ? "A:" + ((MultiA) request).msg : "B:" + ((MultiB) request).msg;
        }

        @Override
        public List<String> multiInterest() {
            return Arrays.asList(MultiA.class.getName(), MultiB.class.getName());
        }
    }

    private static final class Async extends AsyncUserProcessor<AsyncRequest> {
        @Override
        public void handleRequest(BizContext ctx, AsyncContext answer, AsyncRequest r) {
            Counters.add(AsyncRequest.class.getName());
            if ("throw".equals(r.mode)) {
                throw new IllegalStateException("async-throw:" + r.msg);
            }
            LATER.schedule(() -> later(answer, r), r.delayMs, TimeUnit.MILLISECONDS);
        }

        private void later(AsyncContext answer, AsyncRequest r) {
            switch (String.valueOf(r.mode)) {
                case "never":
                    return;
                case "exception":
                    answer.sendException(new PeerException("async-exception:" + r.msg, 7));
                    return;
                default:
                    // The word null, not a missing mode, asks for a null answer.
                    answer.sendResponse("null".equals(r.mode) ? null : "async:" + r.msg);
            }
            if ("double".equals(r.mode)) {
                try {
                    answer.sendResponse("async-again:" + r.msg);
                } catch (IllegalStateException e) {
                    Counters.add("double-rejected");
                }
            }
        }

        @Override
        public String interest() {
            return AsyncRequest.class.getName();
        }
    }

    /** Asynchronous, so that the answer is on its way before anything is closed. */
    private static final class Control extends AsyncUserProcessor<ControlRequest> {
        private final Server server;

        Control(Server server) {
            this.server = server;
        }

        @Override
        public void handleRequest(BizContext ctx, AsyncContext answer, ControlRequest r) {
            Counters.add(ControlRequest.class.getName());
            answer.sendResponse("ok");
            switch (r.cmd) {
                case "close":
                    LATER.schedule(() -> ctx.getConnection().getChannel().close(), r.arg, TimeUnit.MILLISECONDS);
                    break;
                case "restart":
                    LATER.schedule(() -> server.restart(r.arg), 100, TimeUnit.MILLISECONDS);
                    break;
                case "exit":
                    LATER.schedule(() -> System.exit(0), 100, TimeUnit.MILLISECONDS);
                    break;
                default:
                    System.err.println("no such control command: " + r.cmd);
            }
        }

        @Override
        public String interest() {
            return ControlRequest.class.getName();
        }
    }
}
