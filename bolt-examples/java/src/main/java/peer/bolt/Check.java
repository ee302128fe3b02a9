package peer.bolt;

import com.alipay.remoting.rpc.exception.InvokeServerException;

import java.util.Arrays;
import java.util.Objects;
import java.util.concurrent.Callable;

/** Assertions with texts that name what was seen. */
final class Check {
    private Check() {
    }

    /** A check that did not hold. */
    static final class Failure extends RuntimeException {
        private static final long serialVersionUID = 1L;

        Failure(String message) {
            super(message);
        }
    }

    static void that(boolean holds, String otherwise) {
        if (!holds) {
            throw new Failure(otherwise);
        }
    }

    /** Arrays by content; a value of another class is not equal. */
    static void equal(String what, Object expected, Object actual) {
        if (!Objects.deepEquals(expected, actual)) {
            throw new Failure(what + ": expected " + show(expected) + " but was " + show(actual));
        }
    }

    static void echo(EchoRequest sent, Object answer) {
        that(answer instanceof EchoResponse, "expected an EchoResponse but was " + show(answer));
        EchoResponse got = (EchoResponse) answer;
        equal("id", sent.id, got.id);
        equal("msg", sent.msg, got.msg);
        equal("payload", sent.payload, got.payload);
        equal("ts", sent.ts, got.ts);
        equal("d", sent.d, got.d);
        equal("flag", sent.flag, got.flag);
        equal("boxed", sent.boxed, got.boxed);
        equal("tags", sent.tags, got.tags);
        equal("attrs", sent.attrs, got.attrs);
        that(got.server != null && !got.server.isEmpty(), "server is empty");
    }

    static void nested(NestedRequest sent, Object answer) {
        that(answer instanceof NestedRequest, "expected a NestedRequest but was " + show(answer));
        NestedRequest got = (NestedRequest) answer;
        equal("name", sent.name, got.name);
        inner("inner", sent.inner, got.inner);
        equal("number of inners", sent.inners.size(), got.inners.size());
        for (int i = 0; i < sent.inners.size(); i++) {
            inner("inners[" + i + "]", sent.inners.get(i), got.inners.get(i));
        }
    }

    private static void inner(String what, Inner expected, Object actual) {
        if (expected == null) {
            equal(what, null, actual);
            return;
        }
        that(actual instanceof Inner, what + ": expected an Inner but was " + show(actual));
        equal(what + ".n", expected.n, ((Inner) actual).n);
        equal(what + ".s", expected.s, ((Inner) actual).s);
    }

    /** The action must fail with exactly this class. */
    static <E extends Exception> E fails(Class<E> expected, Callable<?> action) throws Exception {
        Object value;
        try {
            value = action.call();
        } catch (Failure e) {
            throw e;
        } catch (Exception e) {
            if (e.getClass() == expected) {
                return expected.cast(e);
            }
            throw new Failure("expected " + expected.getSimpleName() + " but was " + show(e));
        }
        throw new Failure("expected " + expected.getSimpleName() + " but the answer was " + show(value));
    }

    /** A server exception whose text begins so; the client reads it from an RpcServerException. */
    static void serverError(String start, Callable<?> action) throws Exception {
        InvokeServerException e = fails(InvokeServerException.class, action);
        Throwable cause = e.getCause();
        that(cause != null && cause.getClass().getSimpleName().equals("RpcServerException"),
            "expected an RpcServerException as cause but was " + show(cause));
        String message = cause.getMessage();
        that(message != null && message.startsWith(start),
            "expected a message that begins with `" + start + "` but was `" + message + "`");
    }

    /** Polls until the value is as expected. */
    static void eventually(String what, Object expected, int timeoutMs, Callable<?> actual) throws Exception {
        long end = System.nanoTime() + timeoutMs * 1_000_000L;
        Object seen = actual.call();
        while (!Objects.equals(expected, seen) && System.nanoTime() < end) {
            Thread.sleep(20);
            seen = actual.call();
        }
        equal(what + " after " + timeoutMs + " ms", expected, seen);
    }

    static String show(Object value) {
        String text;
        if (value instanceof byte[]) {
            byte[] bytes = (byte[]) value;
            text = "byte[" + bytes.length + "]" + (bytes.length <= 40 ? Arrays.toString(bytes) : "");
        } else if (value instanceof Object[]) {
            text = Arrays.deepToString((Object[]) value);
        } else if (value instanceof Throwable) {
            Throwable cause = ((Throwable) value).getCause();
            text = value + (cause == null ? "" : ", caused by " + cause);
        } else {
            text = value == null ? "null" : value.getClass().getName() + " " + value;
        }
        text = text.replaceAll("\\s+", " ");
        return text.length() > 400 ? text.substring(0, 400) + " …" : text;
    }
}
