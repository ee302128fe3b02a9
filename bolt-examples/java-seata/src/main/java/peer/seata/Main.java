package peer.seata;

import java.io.IOException;

import io.seata.server.ServerApplication;

/** A Seata server in file mode: {@code PORT FOLDER [--stdin-lifeline]}. */
public final class Main {
    private Main() {
    }

    public static void main(String[] args) throws IOException {
        String port = args[0];
        String folder = args[1];
        if (args.length > 2 && args[2].equals("--stdin-lifeline")) {
            Thread lifeline = new Thread(Main::endWithInput, "lifeline");
            lifeline.setDaemon(true);
            lifeline.start();
        }
        System.setProperty("peer.port", port);
        System.setProperty("server.address", "127.0.0.1");
        System.setProperty("server.port", String.valueOf(Integer.parseInt(port) - 1000));
        System.setProperty("seata.server.service-port", port);
        System.setProperty("seata.store.file.dir", folder + "/sessionStore");
        System.setProperty("log.home", folder + "/logs");
        System.setProperty("spring.main.banner-mode", "off");
        ServerApplication.main(new String[] {"-p", port, "-h", "127.0.0.1", "-m", "file"});
    }

    private static void endWithInput() {
        try {
            while (System.in.read() >= 0) {
                // Only its end is of interest.
            }
        } catch (IOException ended) {
            // As good as an end.
        }
        Runtime.getRuntime().halt(0);
    }
}
