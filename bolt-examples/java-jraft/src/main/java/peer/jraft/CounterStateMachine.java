package peer.jraft;

import com.alipay.sofa.jraft.Iterator;
import com.alipay.sofa.jraft.Status;
import com.alipay.sofa.jraft.core.StateMachineAdapter;

import java.nio.ByteBuffer;

/** Adds up the log. It takes no snapshots: a node that is started again reads its log from the beginning. */
final class CounterStateMachine extends StateMachineAdapter {
    private volatile long value;

    long value() {
        return value;
    }

    /** What is to be put into the log. */
    static ByteBuffer entry(long delta) {
        ByteBuffer entry = ByteBuffer.allocate(Long.BYTES);
        entry.putLong(delta);
        entry.flip();
        return entry;
    }

    /** Called by one thread. */
    @Override
    public void onApply(Iterator entries) {
        for (; entries.hasNext(); entries.next()) {
            value += entries.getData().getLong(0);
            if (entries.done() instanceof Added) {
                ((Added) entries.done()).value = value;
            }
            if (entries.done() != null) {
                entries.done().run(Status.OK());
            }
        }
    }
}
