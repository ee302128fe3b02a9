package peer.bolt;

import com.alipay.remoting.config.BoltClientOption;
import com.alipay.remoting.config.BoltServerOption;
import com.alipay.remoting.rpc.RpcClient;
import com.alipay.remoting.rpc.RpcServer;

/** TLS settings: one key store is both identity and trust store of its side. */
final class Tls {
    private Tls() {
    }

    static void server(RpcServer server, Options options) {
        String file = options.get("tls-keystore", "");
        server.option(BoltServerOption.SRV_SSL_ENABLE, true);
        server.option(BoltServerOption.SRV_SSL_KEYSTORE, file);
        server.option(BoltServerOption.SRV_SSL_KEYSTORE_PASS, options.get("tls-password", ""));
        server.option(BoltServerOption.SRV_SSL_KEYSTORE_TYPE, type(file));
        server.option(BoltServerOption.SRV_SSL_NEED_CLIENT_AUTH, options.has("tls-client-auth"));
    }

    static void client(RpcClient client, Options options) {
        String file = options.get("tls-keystore", "");
        client.option(BoltClientOption.CLI_SSL_ENABLE, true);
        client.option(BoltClientOption.CLI_SSL_KEYSTORE, file);
        client.option(BoltClientOption.CLI_SSL_KEYSTORE_PASS, options.get("tls-password", ""));
        client.option(BoltClientOption.CLI_SSL_KEYSTORE_TYPE, type(file));
    }

    private static String type(String file) {
        return file.endsWith(".jks") ? "jks" : "pkcs12";
    }
}
