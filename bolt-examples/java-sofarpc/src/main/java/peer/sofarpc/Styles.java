package peer.sofarpc;

import com.alipay.sofa.rpc.api.future.SofaResponseFuture;
import com.alipay.sofa.rpc.core.exception.SofaRpcException;
import com.alipay.sofa.rpc.core.invoke.SofaResponseCallback;
import com.alipay.sofa.rpc.core.request.RequestBase;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.Future;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/** Styles of invocation, many calls at once, and heartbeats. */
final class Styles {
    private static final int CONCURRENT_CALLS = 1000;

    private Styles() {
    }

    static void addTo(Map<String, Client.Scenario> all) {
        all.put("future", Styles::future);
        all.put("callback", Styles::callback);
        all.put("oneway", Styles::oneway);
        all.put("concurrent", Styles::concurrent);
        all.put("heartbeat", Styles::heartbeat);
    }

    private static String future(Env env) throws Exception {
        HelloService hello = env.consumer(HelloService.class).setInvokeType("future").refer();
        env.calls.addAndGet(2);
        hello.slow(200);
        Future<?> slow = SofaResponseFuture.getFuture();
        hello.add(1, 2);
        Check.equal("sum, which overtook", 3, SofaResponseFuture.getResponse(5000, true));
        Check.equal("slow", "slow200", slow.get(5, TimeUnit.SECONDS));
        return "two under way at a time";
    }

    private static String callback(Env env) throws Exception {
        BlockingQueue<Object> outcomes = new LinkedBlockingQueue<>();
        HelloService hello = env.calling(new SofaResponseCallback<Object>() {
            @Override
            public void onAppResponse(Object response, String method, RequestBase request) {
                outcomes.add(response);
            }

            @Override
            public void onAppException(Throwable e, String method, RequestBase request) {
                outcomes.add(e);
            }

            @Override
            public void onSofaException(SofaRpcException e, String method, RequestBase request) {
                outcomes.add(e);
            }
        });
        env.calls.addAndGet(2);
        hello.sayHello("x");
        Check.equal("greeting", "hello x", outcomes.poll(5, TimeUnit.SECONDS));
        hello.fail("no");
        Object failure = outcomes.poll(5, TimeUnit.SECONDS);
        Check.that(failure instanceof HelloException, "expected a HelloException but was " + failure);
        return "a result and an exception";
    }

    private static String oneway(Env env) throws Exception {
        HelloService hello = env.hello();
        HelloService silent = env.consumer(HelloService.class).setInvokeType("oneway").refer();
        String key = "java-" + System.nanoTime();
        for (int i = 0; i < 5; i++) {
            env.calls.incrementAndGet();
            silent.note(key);
        }
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(5);
        int noted = 0;
        while (noted < 5 && System.nanoTime() < deadline) {
            env.calls.incrementAndGet();
            noted = hello.noted(key);
        }
        Check.equal("notes", 5, noted);
        return "all arrived";
    }

    private static String concurrent(Env env) throws Exception {
        HelloService hello = env.consumer(HelloService.class).setInvokeType("future").setTimeout(20_000).refer();
        List<Future<?>> sums = new ArrayList<>();
        for (int n = 0; n < CONCURRENT_CALLS; n++) {
            env.calls.incrementAndGet();
            hello.add(n, 1);
            sums.add(SofaResponseFuture.getFuture());
        }
        for (int n = 0; n < CONCURRENT_CALLS; n++) {
            Check.equal("sum", n + 1, sums.get(n).get(20, TimeUnit.SECONDS));
        }
        return "at once on one connection";
    }

    /** The server acknowledges heartbeats, and calls go on beside them. */
    private static String heartbeat(Env env) throws Exception {
        try (Tap tap = new Tap(env.address)) {
            HelloService hello = env.consumer(HelloService.class, tap.address()).refer();
            env.calls.addAndGet(2);
            Check.equal("greeting", "hello x", hello.sayHello("x"));
            Check.that(tap.acksReach(5, 10), tap.heartbeats() + " heartbeats, " + tap.acks() + " acknowledged");
            Check.equal("greeting", "hello y", hello.sayHello("y"));
            Check.equal("connections", 1, tap.connections());
            return tap.heartbeats() + " heartbeats, " + tap.acks() + " acknowledged";
        }
    }
}
