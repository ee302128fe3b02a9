package peer.bolt;

import java.util.ArrayList;
import java.util.List;

/** What a scenario is given; closes what it opened. */
final class Env implements AutoCloseable {
    final Options options;
    /** The address as on the command line. */
    final String address;
    final String host;
    final int port;
    private final List<Caller> callers = new ArrayList<>();

    Env(Options options) {
        this.options = options;
        address = options.words.get(0);
        String hostAndPort = address.split("\\?", 2)[0];
        int colon = hostAndPort.lastIndexOf(':');
        if (colon < 0) {
            throw new IllegalArgumentException("an address is HOST:PORT, not " + address);
        }
        host = hostAndPort.substring(0, colon);
        port = Integer.parseInt(hostAndPort.substring(colon + 1));
    }

    Caller open() {
        return open(address);
    }

    /** The address with one more parameter. */
    Caller openWith(String parameter) {
        return open(address + (address.contains("?") ? "&" : "?") + parameter);
    }

    /** The server of the address, with parameters of the scenario's own. */
    Caller openAs(String parameters) {
        return open(host + ":" + port + "?" + parameters);
    }

    Caller open(String at) {
        return open(at, options.has("tls-keystore") ? options : null, false);
    }

    Caller openPlain() {
        return open(address, null, false);
    }

    Caller openReconnecting() {
        return open(address, options.has("tls-keystore") ? options : null, true);
    }

    private synchronized Caller open(String at, Options tls, boolean reconnect) {
        Caller caller = new Caller(at, crc(), tls, reconnect);
        callers.add(caller);
        return caller;
    }

    boolean crc() {
        return !options.get("crc", "on").equals("off");
    }

    /** Runs the body with another interval of heartbeats for connections that it opens. */
    <T> T withHeartbeat(int intervalMs, java.util.concurrent.Callable<T> body) throws Exception {
        String key = "bolt.tcp.heartbeat.interval";
        String before = System.getProperty(key);
        System.setProperty(key, String.valueOf(intervalMs));
        try {
            return body.call();
        } finally {
            if (before == null) {
                System.clearProperty(key);
            } else {
                System.setProperty(key, before);
            }
        }
    }

    /** Unique within and across runs, for counters of our own. */
    static String key(String prefix) {
        return prefix + "-" + java.util.UUID.randomUUID();
    }

    @Override
    public synchronized void close() {
        for (Caller caller : callers) {
            caller.close();
        }
        callers.clear();
    }
}
