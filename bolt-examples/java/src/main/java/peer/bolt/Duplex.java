package peer.bolt;

import com.alipay.remoting.BizContext;
import com.alipay.remoting.Connection;
import com.alipay.remoting.exception.RemotingException;
import com.alipay.remoting.rpc.RpcServer;

/** DuplexRequest: the server calls the client on the connection that the request came on. */
final class Duplex {
    private static final int DEADLINE_MS = 3000;

    private Duplex() {
    }

    static String answer(Server server, BizContext ctx, DuplexRequest r) throws Exception {
        StringBuilder answers = new StringBuilder();
        for (int seq = 0; seq < r.times; seq++) {
            CallbackRequest request = new CallbackRequest(r.mode, r.msg, seq);
            answers.append(callBack(server.rpc(), ctx, r.mode, request)).append(';');
        }
        return answers.toString();
    }

    private static Object callBack(RpcServer rpc, BizContext ctx, String mode, CallbackRequest request)
        throws Exception {
        Connection connection = ctx.getConnection();
        switch (mode) {
            case "sync":
                return rpc.invokeSync(connection, request, DEADLINE_MS);
            case "future":
                return rpc.invokeWithFuture(connection, request, DEADLINE_MS).get();
            case "address":
                return rpc.invokeSync(ctx.getRemoteAddress(), request, DEADLINE_MS);
            case "oneway":
                rpc.oneway(connection, request);
                return "sent";
            case "throw":
                try {
                    return rpc.invokeSync(connection, request, DEADLINE_MS);
                } catch (RemotingException e) {
                    return e.getClass().getSimpleName();
                }
            default:
                throw new IllegalArgumentException("no such duplex mode: " + mode);
        }
    }
}
