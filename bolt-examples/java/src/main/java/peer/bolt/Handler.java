package peer.bolt;

import com.alipay.remoting.BizContext;
import com.alipay.remoting.rpc.protocol.SyncUserProcessor;

import java.util.concurrent.Executor;

/** A processor made of a lambda: counts the request under its class name, then answers with what the lambda returns. */
final class Handler<T> extends SyncUserProcessor<T> {
    interface Body<T> {
        Object answer(BizContext ctx, T request) throws Exception;
    }

    private final String className;
    private final Body<T> body;
    private Executor executor;
    private boolean inIoThread;

    Handler(String className, Body<T> body) {
        this.className = className;
        this.body = body;
    }

    Handler(Class<T> type, Body<T> body) {
        this(type.getName(), body);
    }

    Handler<T> on(Executor executor) {
        this.executor = executor;
        return this;
    }

    Handler<T> inIoThread() {
        inIoThread = true;
        return this;
    }

    @Override
    public Object handleRequest(BizContext ctx, T request) throws Exception {
        Counters.add(className);
        return body.answer(ctx, request);
    }

    @Override
    public String interest() {
        return className;
    }

    @Override
    public Executor getExecutor() {
        return executor;
    }

    @Override
    public boolean processInIOThread() {
        return inIoThread;
    }
}
