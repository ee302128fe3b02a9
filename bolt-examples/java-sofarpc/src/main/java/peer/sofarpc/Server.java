package peer.sofarpc;

import com.alipay.sofa.rpc.config.ApplicationConfig;
import com.alipay.sofa.rpc.config.ProviderConfig;
import com.alipay.sofa.rpc.config.ServerConfig;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.util.Arrays;
import java.util.List;

/** The provider of the contract. */
final class Server {
    private final ServerConfig server;

    private Server(int port) {
        server = new ServerConfig()
            .setProtocol("bolt")
            .setHost("127.0.0.1")
            .setBoundHost("127.0.0.1")
            .setPort(port)
            // By default there is no queue, and what finds no thread is refused.
            .setQueues(20000)
            .setDaemon(false);
    }

    /** Ends with the process, or with standard input if it is told so. */
    static void main(String[] args) throws IOException {
        List<String> options = Arrays.asList(args);
        int port = options.contains("--port") ? Integer.parseInt(options.get(options.indexOf("--port") + 1)) : freePort();
        Server server = new Server(port);
        server.provider(HelloService.class, new HelloServiceImpl("hello ")).export();
        server.provider(HelloService.class, new HelloServiceImpl("u1 ")).setUniqueId("u1").export();
        server.provider(PbHelloService.class, new PbHelloServiceImpl()).setSerialization("protobuf").export();
        System.out.println("listening on 127.0.0.1:" + port);
        if (options.contains("--stdin-lifeline")) {
            while (System.in.read() >= 0) {
                continue;
            }
            Runtime.getRuntime().halt(0);
        }
    }

    private <T> ProviderConfig<T> provider(Class<T> type, T implementation) {
        return new ProviderConfig<T>()
            .setApplication(new ApplicationConfig().setAppName("java-sofarpc"))
            .setInterfaceId(type.getName())
            .setRef(implementation)
            .setServer(server)
            .setRegister(false);
    }

    private static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        }
    }
}
