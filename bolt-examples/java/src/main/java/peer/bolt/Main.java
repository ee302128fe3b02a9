package peer.bolt;

import java.util.Arrays;

/** Entry point: a server or a client. */
public final class Main {
    private Main() {
    }

    public static void main(String[] args) throws Exception {
        // The default queue of 600 answers BUSY, and on a client loses answers, when thousands are in flight.
        if (System.getProperty("bolt.tp.queue") == null) {
            System.setProperty("bolt.tp.queue", "20000");
        }
        String command = args.length == 0 ? "" : args[0];
        String[] rest = args.length == 0 ? args : Arrays.copyOfRange(args, 1, args.length);
        try {
            if (command.equals("server")) {
                Server.main(rest);
            } else if (command.equals("client")) {
                System.exit(Client.run(rest));
            } else {
                throw new IllegalArgumentException("usage: server [options] | client ADDRESS SCENARIOS [options]");
            }
        } catch (IllegalArgumentException e) {
            System.err.println(e.getMessage());
            System.exit(2);
        }
    }
}
