package peer.bolt;

import com.alipay.remoting.ExtendedNettyChannelHandler;
import com.alipay.remoting.config.BoltServerOption;
import com.alipay.remoting.rpc.RpcServer;
import com.alipay.remoting.rpc.protocol.UserProcessor;

import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandler.Sharable;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.group.ChannelGroup;
import io.netty.channel.group.DefaultChannelGroup;
import io.netty.util.concurrent.GlobalEventExecutor;

import java.io.IOException;
import java.util.Collections;
import java.util.List;

/** The server of the contract. */
final class Server {
    private static final String HOST = "127.0.0.1";

    private final Options options;
    private final ChannelGroup channels = new DefaultChannelGroup(GlobalEventExecutor.INSTANCE);
    private volatile RpcServer rpc;

    private Server(Options options) {
        this.options = options;
    }

    static void main(String[] args) {
        Options options = new Options(args,
            "port idle-timeout-ms heartbeat-interval-ms max-connections tls-keystore tls-password",
            "tls-client-auth stdin-lifeline");
        if (options.has("idle-timeout-ms")) {
            System.setProperty("bolt.tcp.server.idle.interval", options.get("idle-timeout-ms", ""));
        }
        // A signal is the normal way to end, so the exit status is 0.
        Runtime.getRuntime().addShutdownHook(new Thread(() -> Runtime.getRuntime().halt(0)));
        if (options.has("stdin-lifeline")) {
            exitWithStdin();
        }
        Codecs.register();
        Server server = new Server(options);
        server.start(options.number("port", 0));
        if (options.has("heartbeat-interval-ms")) {
            ServerHeartbeats.start(server.channels, options.number("heartbeat-interval-ms", 0));
        }
    }

    RpcServer rpc() {
        return rpc;
    }

    int connections() {
        return channels.size();
    }

    private void start(int port) {
        // Managed, so that the server can call clients by address.
        RpcServer fresh = new RpcServer(HOST, port, true);
        fresh.option(BoltServerOption.EXTENDED_NETTY_CHANNEL_HANDLER, new Tracking());
        // A burst of answers must not make the connection unwritable for a call by address.
        fresh.option(BoltServerOption.NETTY_BUFFER_LOW_WATER_MARK, 64 << 20);
        fresh.option(BoltServerOption.NETTY_BUFFER_HIGH_WATER_MARK, 128 << 20);
        if (options.has("tls-keystore")) {
            Tls.server(fresh, options);
        }
        for (UserProcessor<?> processor : Processors.all(this)) {
            fresh.registerUserProcessor(processor);
        }
        fresh.startup();
        rpc = fresh;
        System.out.println("listening on " + HOST + ":" + fresh.port());
        System.out.flush();
    }

    /** Cuts everything, then listens again on the same port. */
    void restart(int pauseMs) {
        int port = rpc.port();
        rpc.shutdown();
        channels.close().awaitUninterruptibly(5000);
        sleep(pauseMs);
        for (int attempt = 0; attempt < 50; attempt++) {
            try {
                start(port);
                return;
            } catch (IllegalStateException e) {
                // The old listener closes in the background.
                sleep(100);
            }
        }
        System.err.println("cannot listen again on port " + port);
        System.exit(1);
    }

    private static void sleep(int millis) {
        try {
            Thread.sleep(millis);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** Whoever started us holds the other end of stdin: when it is gone, so are we. */
    private static void exitWithStdin() {
        Thread thread = new Thread(() -> {
            try {
                while (System.in.read() >= 0) {
                    continue;
                }
            } catch (IOException e) {
                System.err.println("stdin: " + e);
            }
            System.exit(0);
        }, "stdin-lifeline");
        thread.setDaemon(true);
        thread.start();
    }

    /** Knows the open connections, and closes those over the limit. */
    @Sharable
    private final class Tracker extends ChannelInboundHandlerAdapter {
        @Override
        public void channelActive(ChannelHandlerContext ctx) throws Exception {
            channels.add(ctx.channel());
            if (channels.size() > options.number("max-connections", Integer.MAX_VALUE)) {
                ctx.close();
                return;
            }
            super.channelActive(ctx);
        }

        @Override
        public void channelInactive(ChannelHandlerContext ctx) throws Exception {
            channels.remove(ctx.channel());
            super.channelInactive(ctx);
        }
    }

    private final class Tracking implements ExtendedNettyChannelHandler {
        private final Tracker tracker = new Tracker();

        @Override
        public List<ChannelHandler> frontChannelHandlers() {
            return Collections.singletonList(tracker);
        }

        @Override
        public List<ChannelHandler> backChannelHandlers() {
            return null;
        }
    }
}
