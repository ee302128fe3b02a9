package peer.bolt;

import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.util.Arrays;

/** A plain socket that speaks frames. */
final class RawConnection implements AutoCloseable {
    private static final int PATIENCE_MS = 10_000;

    private final Socket socket = new Socket();
    private final DataInputStream in;
    private final OutputStream out;

    RawConnection(Env env) throws IOException {
        socket.connect(new InetSocketAddress(env.host, env.port), PATIENCE_MS);
        socket.setTcpNoDelay(true);
        socket.setSoTimeout(PATIENCE_MS);
        in = new DataInputStream(socket.getInputStream());
        out = socket.getOutputStream();
    }

    void send(byte[] bytes) throws IOException {
        out.write(bytes);
        out.flush();
    }

    void send(Frame frame) throws IOException {
        send(frame.bytes());
    }

    /** Pieces arrive apart, as far as the sender can bring that about. */
    void sendSplit(byte[] bytes, int at) throws Exception {
        send(Arrays.copyOfRange(bytes, 0, at));
        Thread.sleep(3);
        send(Arrays.copyOfRange(bytes, at, bytes.length));
    }

    Frame read() throws IOException {
        try {
            return Frame.read(in);
        } catch (EOFException | SocketException e) {
            throw new Check.Failure("the connection was closed instead of an answer: " + e);
        } catch (SocketTimeoutException e) {
            throw new Check.Failure("no answer in " + PATIENCE_MS + " ms");
        }
    }

    /** The answer to a request with the text `x`. */
    void expectEcho(int id) throws IOException {
        checkEcho(id, read());
    }

    static void checkEcho(int id, Frame answer) {
        Check.equal("id", id, answer.id);
        Check.equal("type", Frame.RESPONSE, answer.type);
        Check.equal("command", 2, answer.command);
        Check.equal("command version", 1, answer.commandVersion);
        Check.equal("codec", 1, answer.codec);
        Check.equal("status", 0, answer.status);
        Check.equal("class", "java.lang.String", answer.className);
        Check.equal("header", new byte[0], answer.header);
        Check.equal("content", new byte[] {6, 'e', 'c', 'h', 'o', ':', 'x'}, answer.content);
    }

    /** Open, with nothing left to read: a request is answered next. */
    void expectOpen(Frame probe) throws IOException {
        send(probe);
        expectEcho(probe.id);
    }

    /** Nothing comes, then the connection ends. */
    void expectClosed() throws IOException {
        try {
            int b = in.read();
            Check.that(b < 0, "an answer came instead of the end of the connection, beginning with " + b);
        } catch (SocketTimeoutException e) {
            throw new Check.Failure("the connection was still open after " + PATIENCE_MS + " ms");
        } catch (SocketException e) {
            // A reset is an end as well.
            return;
        }
    }

    /** Neither answered nor closed within the time. */
    void expectSilence(int millis) throws IOException {
        socket.setSoTimeout(millis);
        try {
            throw new Check.Failure("expected silence, but read " + in.read());
        } catch (SocketTimeoutException e) {
            socket.setSoTimeout(PATIENCE_MS);
        }
    }

    @Override
    public void close() throws IOException {
        socket.close();
    }
}
