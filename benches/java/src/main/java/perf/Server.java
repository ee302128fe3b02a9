package perf;

import com.alipay.remoting.AsyncContext;
import com.alipay.remoting.BizContext;
import com.alipay.remoting.config.BoltGenericOption;
import com.alipay.remoting.rpc.RpcServer;
import com.alipay.remoting.rpc.protocol.AsyncUserProcessor;
import com.alipay.remoting.rpc.protocol.SyncUserProcessor;

import java.util.Map;

/** Echoes. */
final class Server {
    private Server() {
    }

    static void run(Map<String, String> options) {
        String[] address = options.getOrDefault("listen", "127.0.0.1:0").split(":");
        boolean tuned = options.containsKey("tuned");
        Runtime.getRuntime().addShutdownHook(new Thread(() -> Runtime.getRuntime().halt(0)));
        RpcServer server = new RpcServer(address[0], Integer.parseInt(address[1]));
        if (tuned) {
            server.option(BoltGenericOption.NETTY_FLUSH_CONSOLIDATION, true);
        }
        for (Class<?> type : new Class<?>[] {RawBody.class, String.class}) {
            if (tuned) {
                server.registerUserProcessor(new InIoThread(type.getName()));
            } else {
                server.registerUserProcessor(new InPool(type.getName()));
            }
        }
        server.startup();
        System.out.println("listening on " + address[0] + ":" + server.port());
        System.out.flush();
    }

    /** What SOFABolt's own examples do. */
    private static final class InPool extends SyncUserProcessor<Object> {
        private final String type;

        InPool(String type) {
            this.type = type;
        }

        @Override
        public Object handleRequest(BizContext context, Object request) {
            return request;
        }

        @Override
        public String interest() {
            return type;
        }
    }

    private static final class InIoThread extends AsyncUserProcessor<Object> {
        private final String type;

        InIoThread(String type) {
            this.type = type;
        }

        @Override
        public void handleRequest(BizContext context, AsyncContext answer, Object request) {
            answer.sendResponse(request);
        }

        @Override
        public boolean processInIOThread() {
            return true;
        }

        @Override
        public String interest() {
            return type;
        }
    }
}
