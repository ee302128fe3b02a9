package peer.jraft;

import com.alipay.sofa.jraft.Closure;
import com.alipay.sofa.jraft.Status;
import com.alipay.sofa.jraft.rpc.RpcContext;

/** Answers an Add when it has become part of the log, or can't. */
final class Added implements Closure {
    private final RpcContext context;
    /** The counter after it. */
    long value;

    Added(RpcContext context) {
        this.context = context;
    }

    @Override
    public void run(Status status) {
        if (status.isOk()) {
            context.sendResponse(Counter.Value.newBuilder().setValue(value).build());
        } else {
            // Not with the status' own code: EPERM would say that nothing was done, which nobody knows here.
            context.sendResponse(Answers.unknownOutcome(status));
        }
    }
}
