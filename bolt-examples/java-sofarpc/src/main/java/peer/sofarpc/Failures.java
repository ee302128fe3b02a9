package peer.sofarpc;

import com.alipay.sofa.rpc.api.GenericService;
import com.alipay.sofa.rpc.core.exception.SofaRpcException;
import com.alipay.sofa.rpc.core.exception.SofaTimeOutException;

import java.util.Map;

/** Calls that fail, on either side. */
final class Failures {
    private Failures() {
    }

    static void addTo(Map<String, Client.Scenario> all) {
        all.put("business-exception", Failures::businessException);
        all.put("runtime-exception", Failures::runtimeException);
        all.put("timeout", Failures::timeout);
        all.put("no-service", Failures::noService);
        all.put("no-method", Failures::noMethod);
        all.put("pb-empty", Failures::pbEmpty);
        all.put("pb-exception", Failures::pbException);
    }

    private static String businessException(Env env) {
        HelloService hello = env.hello();
        for (String message : new String[] {"no", "grüße"}) {
            env.calls.incrementAndGet();
            HelloException e = Check.fails(HelloException.class, () -> hello.fail(message));
            Check.equal("message", message, e.getMessage());
            Check.equal("code", 42, e.getCode());
        }
        return "class, message and field of its own";
    }

    private static String runtimeException(Env env) {
        HelloService hello = env.hello();
        env.calls.addAndGet(2);
        IllegalStateException e = Check.fails(IllegalStateException.class, () -> hello.crash("boom"));
        Check.equal("message", "boom", e.getMessage());
        Check.equal("greeting", "hello after", hello.sayHello("after"));
        return "class and message";
    }

    private static String timeout(Env env) {
        HelloService hello = env.consumer(HelloService.class).setTimeout(300).refer();
        env.calls.addAndGet(3);
        Check.equal("in time", "slow50", hello.slow(50));
        Check.fails(SofaTimeOutException.class, () -> hello.slow(2000));
        Check.equal("greeting", "hello after", hello.sayHello("after"));
        return "given up in time";
    }

    private static String noService(Env env) {
        HelloService hello = env.consumer(HelloService.class).setUniqueId("nope").refer();
        env.calls.incrementAndGet();
        return refused(hello, "peer.sofarpc.HelloService:1.0:nope");
    }

    private static String refused(HelloService hello, String named) {
        SofaRpcException e = Check.fails(SofaRpcException.class, () -> hello.sayHello("x"));
        Check.that(String.valueOf(e.getMessage()).contains(named), "the reason does not name " + named + ": " + e);
        return e.getMessage();
    }

    private static String noMethod(Env env) {
        GenericService hello = env.generic();
        env.calls.addAndGet(2);
        String[] text = {"java.lang.String"};
        SofaRpcException e = Check.fails(SofaRpcException.class,
            () -> hello.$invoke("sayGoodbye", text, new Object[] {"x"}));
        Check.that(e.getMessage().contains("sayGoodbye"), "the reason does not name the method: " + e);
        // Of the right name, but with other parameters.
        String[] longs = {"long", "long"};
        Check.fails(SofaRpcException.class, () -> hello.$invoke("add", longs, new Object[] {1L, 2L}));
        return e.getMessage();
    }

    /** Java's consumer takes an answer without a byte for none. */
    private static String pbEmpty(Env env) {
        PbHelloService hello = env.pbHello();
        env.calls.incrementAndGet();
        HelloReq request = HelloReq.newBuilder().setName("x").build();
        SofaRpcException e = Check.fails(SofaRpcException.class, () -> hello.empty(request));
        return "refused by the consumer: " + e.getMessage();
    }

    private static String pbException(Env env) {
        PbHelloService hello = env.pbHello();
        env.calls.incrementAndGet();
        HelloReq request = HelloReq.newBuilder().setName("z").build();
        SofaRpcException e = Check.fails(SofaRpcException.class, () -> hello.crash(request));
        Check.that(e.getMessage().contains("pb-crash z"), "another reason: " + e.getMessage());
        return e.getMessage();
    }
}
