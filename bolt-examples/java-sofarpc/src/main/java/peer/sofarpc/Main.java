package peer.sofarpc;

import java.nio.file.Files;
import java.util.Arrays;

/** Entry point: a provider or a consumer. */
public final class Main {
    private Main() {
    }

    public static void main(String[] args) throws Exception {
        // The tracer writes files, by default into the home directory.
        if (System.getProperty("logging.path") == null) {
            System.setProperty("logging.path", Files.createTempDirectory("java-sofarpc").toString());
        }
        // The default queue of 600 loses answers when thousands are in flight.
        System.setProperty("bolt.tp.queue", "20000");
        String command = args.length == 0 ? "" : args[0];
        String[] rest = args.length == 0 ? args : Arrays.copyOfRange(args, 1, args.length);
        try {
            if (command.equals("server")) {
                Server.main(rest);
            } else if (command.equals("client")) {
                System.exit(Client.run(rest));
            } else {
                throw new IllegalArgumentException("usage: server [options] | client ADDRESS SCENARIOS");
            }
        } catch (IllegalArgumentException e) {
            System.err.println(e.getMessage());
            System.exit(2);
        }
    }
}
