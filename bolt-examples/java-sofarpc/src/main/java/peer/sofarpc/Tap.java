package peer.sofarpc;

import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.concurrent.TimeUnit;

/** Stands between a consumer and its server and counts heartbeats. Knows version 1 of SOFABolt only. */
final class Tap implements AutoCloseable {
    private static final int REQUEST_HEAD = 22;
    private static final int RESPONSE_HEAD = 20;

    private final ServerSocket listener;
    private final String host;
    private final int port;
    private int heartbeats;
    private int acks;
    private int connections;

    Tap(String server) throws IOException {
        int colon = server.lastIndexOf(':');
        host = server.substring(0, colon);
        port = Integer.parseInt(server.substring(colon + 1));
        listener = new ServerSocket(0, 8, InetAddress.getLoopbackAddress());
        start("tap", this::accept);
    }

    String address() {
        return "127.0.0.1:" + listener.getLocalPort();
    }

    synchronized int heartbeats() {
        return heartbeats;
    }

    synchronized int acks() {
        return acks;
    }

    synchronized int connections() {
        return connections;
    }

    /** Waits until so many were acknowledged; false if that takes longer than the seconds. */
    synchronized boolean acksReach(int count, int seconds) throws InterruptedException {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(seconds);
        while (acks < count && System.nanoTime() < deadline) {
            wait(100);
        }
        return acks >= count;
    }

    @Override
    public void close() throws IOException {
        listener.close();
    }

    private interface Job {
        void run() throws IOException;
    }

    private static void start(String name, Job job) {
        Thread thread = new Thread(() -> {
            try {
                job.run();
            } catch (IOException e) {
                // One end has closed.
                return;
            }
        }, name);
        thread.setDaemon(true);
        thread.start();
    }

    private void accept() throws IOException {
        while (true) {
            Socket client = listener.accept();
            Socket server = new Socket(host, port);
            synchronized (this) {
                connections++;
            }
            start("tap-requests", () -> pass(client, server));
            start("tap-answers", () -> pass(server, client));
        }
    }

    /** Passes frame after frame. */
    private void pass(Socket from, Socket to) throws IOException {
        try (Socket source = from; Socket target = to) {
            DataInputStream in = new DataInputStream(source.getInputStream());
            OutputStream out = target.getOutputStream();
            while (true) {
                byte[] start = new byte[4];
                in.readFully(start);
                if (start[0] != 1) {
                    throw new EOFException("no frame of version 1");
                }
                byte[] head = new byte[(start[1] == 0 ? RESPONSE_HEAD : REQUEST_HEAD) - start.length];
                in.readFully(head);
                int at = head.length - 8;
                byte[] rest = new byte[number(head, at, 2) + number(head, at + 2, 2) + number(head, at + 4, 4)];
                in.readFully(rest);
                if (number(start, 2, 2) == 0) {
                    count(start[1] == 0);
                }
                out.write(start);
                out.write(head);
                out.write(rest);
                out.flush();
            }
        }
    }

    private synchronized void count(boolean ack) {
        if (ack) {
            acks++;
        } else {
            heartbeats++;
        }
        notifyAll();
    }

    private static int number(byte[] bytes, int at, int length) {
        int n = 0;
        for (int i = at; i < at + length; i++) {
            n = n << 8 | bytes[i] & 0xff;
        }
        return n;
    }
}
