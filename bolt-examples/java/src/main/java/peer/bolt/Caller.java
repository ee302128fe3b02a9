package peer.bolt;

import com.alipay.remoting.BizContext;
import com.alipay.remoting.Connection;
import com.alipay.remoting.ExtendedNettyChannelHandler;
import com.alipay.remoting.InvokeContext;
import com.alipay.remoting.config.BoltClientOption;
import com.alipay.remoting.exception.RemotingException;
import com.alipay.remoting.rpc.RpcClient;
import com.alipay.remoting.rpc.RpcResponseFuture;
import com.alipay.remoting.rpc.protocol.SyncUserProcessor;

import io.netty.channel.ChannelHandler;

import java.util.Collections;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;

/** One RpcClient bound to one address, with the CRC switch of the command line. */
final class Caller implements AutoCloseable {
    static final int TIMEOUT_MS = 10_000;

    final RpcClient rpc = new RpcClient();
    final String address;
    final Tap.Log tap = new Tap.Log();
    final AtomicInteger callbacks = new AtomicInteger();
    private final boolean tapped;
    private volatile boolean crc;

    Caller(String address, boolean crc, Options tls, boolean reconnect) {
        this.address = address;
        this.crc = crc;
        this.tapped = tls == null;
        // Thousands of calls at once are meant here; the default of 64 KiB refuses them.
        rpc.option(BoltClientOption.NETTY_BUFFER_LOW_WATER_MARK, 64 << 20);
        rpc.option(BoltClientOption.NETTY_BUFFER_HIGH_WATER_MARK, 128 << 20);
        rpc.option(BoltClientOption.CONN_RECONNECT_SWITCH, reconnect);
        if (tapped) {
            rpc.option(BoltClientOption.EXTENDED_NETTY_CHANNEL_HANDLER, new Tapping());
        } else {
            Tls.client(rpc, tls);
        }
        rpc.registerUserProcessor(new Callback());
        rpc.startup();
    }

    /** False under TLS, where frames cannot be seen. */
    boolean tapped() {
        return tapped;
    }

    void crc(boolean on) {
        crc = on;
    }

    private InvokeContext context() {
        InvokeContext context = new InvokeContext();
        if (!crc) {
            context.put(InvokeContext.BOLT_CRC_SWITCH, false);
        }
        return context;
    }

    Object sync(Object request) throws RemotingException, InterruptedException {
        return sync(request, TIMEOUT_MS);
    }

    /** On this connection: one that is lost is replaced by no other. */
    Object sync(Connection connection, Object request) throws RemotingException, InterruptedException {
        return rpc.invokeSync(connection, request, context(), TIMEOUT_MS);
    }

    Object sync(Object request, int timeoutMs) throws RemotingException, InterruptedException {
        return rpc.invokeSync(address, request, context(), timeoutMs);
    }

    RpcResponseFuture future(Object request, int timeoutMs) throws RemotingException, InterruptedException {
        return rpc.invokeWithFuture(address, request, context(), timeoutMs);
    }

    Outcome callback(Object request, int timeoutMs) throws RemotingException, InterruptedException {
        Outcome outcome = new Outcome();
        rpc.invokeWithCallback(address, request, context(), outcome, timeoutMs);
        return outcome;
    }

    void oneway(Object request) throws RemotingException, InterruptedException {
        rpc.oneway(address, request, context());
    }

    /** The same call in any style that has an outcome. */
    Object call(Style style, Object request, int timeoutMs) throws Exception {
        switch (style) {
            case SYNC:
                return sync(request, timeoutMs);
            case FUTURE:
                return future(request, timeoutMs).get(timeoutMs + 5000);
            default:
                return callback(request, timeoutMs).get(timeoutMs + 5000);
        }
    }

    Object call(Style style, Object request) throws Exception {
        return call(style, request, TIMEOUT_MS);
    }

    int stats(String key) throws RemotingException, InterruptedException {
        return (Integer) sync(new StatsRequest(key));
    }

    int handled(Class<?> type) throws RemotingException, InterruptedException {
        return stats(type.getName());
    }

    /** Our port as the server sees it: the identity of the connection. */
    int port() throws RemotingException, InterruptedException {
        return stats("@port");
    }

    Connection connection() throws RemotingException, InterruptedException {
        return rpc.getConnection(address, TIMEOUT_MS);
    }

    /** Still the same connection, and in order. */
    void stillFine(int port) throws RemotingException, InterruptedException {
        Check.equal("a call afterwards", "echo:still fine", sync("still fine"));
        Check.equal("port of the connection", port, port());
    }

    @Override
    public void close() {
        rpc.shutdown();
    }

    /** Answers what the server asks of a client. */
    private final class Callback extends SyncUserProcessor<CallbackRequest> {
        @Override
        public Object handleRequest(BizContext ctx, CallbackRequest r) {
            callbacks.incrementAndGet();
            if ("throw".equals(r.mode)) {
                throw new IllegalStateException("client-threw:" + r.msg);
            }
            return "cb" + r.seq + ":" + r.msg;
        }

        @Override
        public String interest() {
            return CallbackRequest.class.getName();
        }
    }

    private final class Tapping implements ExtendedNettyChannelHandler {
        @Override
        public List<ChannelHandler> frontChannelHandlers() {
            return Collections.singletonList(new Tap(tap));
        }

        @Override
        public List<ChannelHandler> backChannelHandlers() {
            return null;
        }
    }
}
