package peer.bolt;

import com.alipay.remoting.InvokeCallback;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/** A callback that keeps its only result. */
final class Outcome implements InvokeCallback {
    private final CountDownLatch done = new CountDownLatch(1);
    private final AtomicInteger calls = new AtomicInteger();
    private volatile Object value;
    private volatile Throwable error;

    @Override
    public void onResponse(Object result) {
        value = result;
        calls.incrementAndGet();
        done.countDown();
    }

    @Override
    public void onException(Throwable e) {
        error = e;
        calls.incrementAndGet();
        done.countDown();
    }

    @Override
    public Executor getExecutor() {
        return null;
    }

    boolean isDone() {
        return done.getCount() == 0;
    }

    Object get(int timeoutMs) throws Exception {
        Check.that(done.await(timeoutMs, TimeUnit.MILLISECONDS), "the callback was not called in " + timeoutMs + " ms");
        Check.equal("calls of the callback", 1, calls.get());
        if (error instanceof Exception) {
            throw (Exception) error;
        }
        if (error != null) {
            throw new IllegalStateException(error);
        }
        return value;
    }
}
