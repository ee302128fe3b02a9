package peer.bolt;

import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/** Executors with daemon threads. */
final class Pools {
    private Pools() {
    }

    /** At most `threads` at once and `queue` waiting; more are rejected. */
    static ExecutorService bounded(String name, int threads, int queue) {
        ThreadPoolExecutor pool = new ThreadPoolExecutor(threads, threads, 30, TimeUnit.SECONDS,
            new LinkedBlockingQueue<>(queue), named(name, threads));
        pool.allowCoreThreadTimeOut(true);
        return pool;
    }

    static ScheduledExecutorService timer(String name, int threads) {
        return Executors.newScheduledThreadPool(threads, named(name, threads));
    }

    /**
     * Threads are called NAME, NAME-2, NAME-3 and so on. A single one keeps its name when it is replaced after having been idle,
     * because peers see it.
     */
    private static ThreadFactory named(String name, int threads) {
        AtomicInteger made = new AtomicInteger();
        return task -> {
            int n = made.incrementAndGet();
            Thread thread = new Thread(task, n == 1 || threads == 1 ? name : name + "-" + n);
            thread.setDaemon(true);
            return thread;
        };
    }
}
