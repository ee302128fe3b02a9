package peer.jraft;

import com.alipay.sofa.jraft.Node;
import com.alipay.sofa.jraft.Status;
import com.alipay.sofa.jraft.error.RaftError;
import com.alipay.sofa.jraft.util.RpcFactoryHelper;
import com.google.protobuf.Message;

/** Answers that are no values: ErrorResponse, as JRaft itself gives them. */
final class Answers {
    private Answers() {
    }

    static Message notLeader(Node node) {
        return error(RaftError.EPERM, "the leader is " + node.getLeaderId());
    }

    static Message unknownOutcome(Status status) {
        return error(RaftError.EINTERNAL, "it may be added yet: " + status.getErrorMsg());
    }

    static Message notRead(Status status) {
        return error(RaftError.EAGAIN, status.getErrorMsg());
    }

    private static Message error(RaftError code, String text) {
        return RpcFactoryHelper.responseFactory().newResponse(null, code, "%s", text);
    }
}
