package perf;

import com.alipay.remoting.CustomSerializerManager;

import java.util.HashMap;
import java.util.Map;

/** {@code server} or {@code client}, each with {@code --tuned} or SOFABolt's defaults. */
public final class Main {
    private Main() {
    }

    public static void main(String[] args) throws Exception {
        Map<String, String> options = options(args);
        if (options.containsKey("tuned")) {
            // Frames that came in one read stay on the thread that read them.
            System.setProperty("bolt.rpc.dispatch-msg-list-in-default-executor", "false");
        }
        CustomSerializerManager.registerCustomSerializer(RawBody.class.getName(), new RawSerializer());
        switch (args.length == 0 ? "" : args[0]) {
            case "server":
                Server.run(options);
                break;
            case "client":
                new Client(options).run();
                break;
            default:
                System.err.println("usage: server --listen ADDR [--tuned] | client ADDR [OPTION]... [--tuned]");
                System.exit(2);
        }
    }

    /** {@code --name value} and {@code --flag}; the address is under "address". */
    private static Map<String, String> options(String[] args) {
        Map<String, String> options = new HashMap<>();
        for (int i = 1; i < args.length; i++) {
            if (!args[i].startsWith("--")) {
                options.put("address", args[i]);
            } else if (args[i].equals("--tuned") || args[i].equals("--json")) {
                options.put(args[i].substring(2), "");
            } else {
                options.put(args[i].substring(2), args[++i]);
            }
        }
        return options;
    }
}
