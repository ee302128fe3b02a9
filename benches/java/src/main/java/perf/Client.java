package perf;

import com.alipay.remoting.Connection;
import com.alipay.remoting.InvokeCallback;
import com.alipay.remoting.config.BoltGenericOption;
import com.alipay.remoting.exception.RemotingException;
import com.alipay.remoting.rpc.RpcClient;

import org.HdrHistogram.Histogram;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Executor;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;

/**
 * The closed loop of load-client, with the same options and the same line of JSON: calls with
 * callbacks on the thread that completes the answer, each of which makes the next call.
 */
final class Client {
    private static final int TIMEOUT_MS = 3000;
    /** Compilation goes on for as many calls, or four times the warm-up. */
    private static final long WARM_CALLS = 300_000;
    /** Fewer outstanding calls than these are joined by others until all is compiled. */
    private static final int WARM_CONCURRENCY = 32;
    private static final long SETTLE_MS = 300;

    private final Map<String, String> options;
    private final int payload;
    private final int connections;
    private final int concurrency;
    private final boolean raw;
    private final Object request;
    private final Queue<Histogram> histograms = new ConcurrentLinkedQueue<>();
    private final ThreadLocal<Histogram> histogram = ThreadLocal.withInitial(() -> {
        Histogram fresh = new Histogram(120_000_000_000L, 3);
        histograms.add(fresh);
        return fresh;
    });
    private final LongAdder done = new LongAdder();
    private final LongAdder errors = new LongAdder();
    private final ScheduledExecutorService later = Executors.newSingleThreadScheduledExecutor(task -> {
        Thread thread = new Thread(task, "later");
        thread.setDaemon(true);
        return thread;
    });
    private volatile boolean counting;
    private volatile boolean warm;
    private volatile boolean over;
    private volatile String firstError;

    Client(Map<String, String> options) {
        this.options = options;
        payload = Integer.parseInt(options.getOrDefault("payload", "1024"));
        connections = Integer.parseInt(options.getOrDefault("connections", "1"));
        concurrency = Integer.parseInt(options.getOrDefault("concurrency", "256"));
        raw = !"hessian".equals(options.get("mode"));
        request = raw ? new RawBody(bytes(payload)) : new String(new char[payload]).replace('\0', 'x');
    }

    private static byte[] bytes(int length) {
        byte[] bytes = new byte[length];
        java.util.Arrays.fill(bytes, (byte) 'x');
        return bytes;
    }

    void run() throws Exception {
        RpcClient client = new RpcClient();
        if (options.containsKey("tuned")) {
            client.option(BoltGenericOption.NETTY_FLUSH_CONSOLIDATION, true);
        }
        client.startup();
        List<Connection> all = new ArrayList<>();
        for (int i = 0; i < connections; i++) {
            all.add(client.createStandaloneConnection(options.get("address"), TIMEOUT_MS));
        }
        for (int i = 0; i < concurrency; i++) {
            new Caller(client, all.get(i % connections), false).call();
        }
        for (int i = concurrency; i < WARM_CONCURRENCY; i++) {
            new Caller(client, all.get(i % connections), true).call();
        }
        warmUp();
        measure();
        System.out.flush();
        // Pools of SOFABolt would keep the process.
        Runtime.getRuntime().halt(0);
    }

    private void warmUp() throws InterruptedException {
        long warmup = (long) (1000 * Double.parseDouble(options.getOrDefault("warmup", "5")));
        long began = System.nanoTime();
        Thread.sleep(warmup);
        while (done.sum() < WARM_CALLS && System.nanoTime() - began < 4 * warmup * 1_000_000) {
            Thread.sleep(100);
        }
        warm = true;
        Thread.sleep(SETTLE_MS);
    }

    private void measure() throws InterruptedException {
        String serverPid = options.get("server-pid");
        Usage own = Usage.of("self");
        Usage server = Usage.of(serverPid);
        counting = true;
        long began = System.nanoTime();
        Thread.sleep((long) (1000 * Double.parseDouble(options.getOrDefault("seconds", "5"))));
        counting = false;
        double seconds = (System.nanoTime() - began) / 1e9;
        Usage ownAfter = Usage.of("self");
        Usage serverAfter = Usage.of(serverPid);
        over = true;
        Histogram latencies = new Histogram(120_000_000_000L, 3);
        for (Histogram each : histograms) {
            latencies.add(each);
        }
        if (firstError != null) {
            System.err.println("the first error: " + firstError);
        }
        boolean known = server != null && serverAfter != null;
        System.out.println(String.format(Locale.ROOT,
            "{\"peer\":\"%s\",\"payload\":%d,\"connections\":%d,\"concurrency\":%d,\"seconds\":%.3f,"
                + "\"requests\":%d,\"rps\":%.1f,\"p50_us\":%.1f,\"p99_us\":%.1f,\"p999_us\":%.1f,"
                + "\"client_cpu_s\":%.2f,\"server_cpu_s\":%s,\"server_peak_rss_kb\":%s,\"errors\":%d,"
                + "\"client_peak_rss_kb\":%d,\"rate\":null}",
            options.getOrDefault("peer", "java"), payload, connections, concurrency, seconds,
            latencies.getTotalCount(), latencies.getTotalCount() / seconds,
            latencies.getValueAtPercentile(50) / 1e3, latencies.getValueAtPercentile(99) / 1e3,
            latencies.getValueAtPercentile(99.9) / 1e3, ownAfter.cpuSeconds - own.cpuSeconds,
            known ? String.format(Locale.ROOT, "%.2f", serverAfter.cpuSeconds - server.cpuSeconds) : "null",
            known ? serverAfter.peakRssKb : "null", errors.sum(), ownAfter.peakRssKb));
    }

    /** One outstanding call at a time. */
    private final class Caller implements InvokeCallback {
        private final RpcClient client;
        private final Connection connection;
        private final boolean warmsOnly;
        private long began;

        Caller(RpcClient client, Connection connection, boolean warmsOnly) {
            this.client = client;
            this.connection = connection;
            this.warmsOnly = warmsOnly;
            began = System.nanoTime();
        }

        void call() {
            try {
                client.invokeWithCallback(connection, request, this, TIMEOUT_MS);
            } catch (RemotingException e) {
                onException(e);
            }
        }

        @Override
        public void onResponse(Object answer) {
            long ended = System.nanoTime();
            int length = raw ? ((RawBody) answer).content.length : ((String) answer).length();
            if (length != payload) {
                onException(new IllegalStateException(length + " bytes came back"));
                return;
            }
            done.increment();
            if (counting) {
                histogram.get().recordValue(ended - began);
            }
            began = ended;
            if (goesOn()) {
                call();
            }
        }

        @Override
        public void onException(Throwable why) {
            if (counting) {
                errors.increment();
            }
            if (firstError == null) {
                firstError = why.toString();
            }
            if (goesOn()) {
                later.schedule(this::again, 1, TimeUnit.MILLISECONDS);
            }
        }

        private boolean goesOn() {
            return !(warmsOnly ? warm : over);
        }

        private void again() {
            began = System.nanoTime();
            call();
        }

        @Override
        public Executor getExecutor() {
            return null;
        }
    }
}
