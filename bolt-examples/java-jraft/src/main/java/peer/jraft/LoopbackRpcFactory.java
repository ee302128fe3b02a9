package peer.jraft;

import com.alipay.sofa.jraft.rpc.RpcServer;
import com.alipay.sofa.jraft.rpc.impl.BoltRaftRpcFactory;
import com.alipay.sofa.jraft.rpc.impl.BoltRpcServer;
import com.alipay.sofa.jraft.util.Endpoint;
import com.alipay.sofa.jraft.util.SPI;

/** Listens at the node's own address; the stock factory listens at all of the machine's. */
@SPI(name = "loopback", priority = 10)
public final class LoopbackRpcFactory extends BoltRaftRpcFactory {
    @Override
    public RpcServer createRpcServer(Endpoint endpoint, ConfigHelper<RpcServer> helper) {
        BoltRpcServer server = new BoltRpcServer(
            new com.alipay.remoting.rpc.RpcServer(endpoint.getIp(), endpoint.getPort(), true));
        if (helper != null) {
            helper.config(server);
        }
        return server;
    }
}
