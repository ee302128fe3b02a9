package peer.jraft;

import com.alipay.sofa.jraft.Node;
import com.alipay.sofa.jraft.RaftGroupService;
import com.alipay.sofa.jraft.Status;
import com.alipay.sofa.jraft.closure.ReadIndexClosure;
import com.alipay.sofa.jraft.conf.Configuration;
import com.alipay.sofa.jraft.entity.PeerId;
import com.alipay.sofa.jraft.entity.Task;
import com.alipay.sofa.jraft.option.NodeOptions;
import com.alipay.sofa.jraft.rpc.RaftRpcServerFactory;
import com.alipay.sofa.jraft.rpc.RpcContext;
import com.alipay.sofa.jraft.rpc.RpcProcessor;
import com.alipay.sofa.jraft.rpc.RpcServer;

import java.io.File;
import java.io.IOException;
import java.util.Arrays;
import java.util.List;

/** One node of the group `counter`. */
public final class Main {
    private static final String GROUP = "counter";
    private static final int ELECTION_TIMEOUT_MS = 1000;

    private final CounterStateMachine counter = new CounterStateMachine();
    private Node node;

    private Main() {
    }

    public static void main(String[] args) throws IOException {
        List<String> words = Arrays.asList(args);
        if (words.size() < 3) {
            System.err.println("usage: IP:PORT IP:PORT,IP:PORT,... FOLDER [--stdin-lifeline]");
            System.exit(2);
        }
        new Main().start(words.get(0), words.get(1), new File(words.get(2)));
        System.out.println("listening on " + words.get(0));
        if (words.contains("--stdin-lifeline")) {
            while (System.in.read() >= 0) {
                continue;
            }
            Runtime.getRuntime().halt(0);
        }
    }

    private void start(String self, String peers, File folder) {
        PlainProtobuf.register(Counter.Add.getDefaultInstance(), Counter.Read.getDefaultInstance(),
            Counter.Value.getDefaultInstance());
        PeerId id = PeerId.parsePeer(self);
        Configuration group = new Configuration();
        if (id == null || !group.parse(peers)) {
            throw new IllegalArgumentException("no peers: " + self + " in " + peers);
        }
        NodeOptions options = new NodeOptions();
        options.setElectionTimeoutMs(ELECTION_TIMEOUT_MS);
        options.setInitialConf(group);
        options.setFsm(counter);
        options.setLogUri(new File(folder, "log").getPath());
        options.setRaftMetaUri(new File(folder, "meta").getPath());
        RpcServer server = RaftRpcServerFactory.createRaftRpcServer(id.getEndpoint());
        server.registerProcessor(new Processor<>(Counter.Add.class, this::add));
        server.registerProcessor(new Processor<>(Counter.Read.class, this::read));
        node = new RaftGroupService(GROUP, id, options, server).start();
        if (node == null) {
            throw new IllegalStateException("the node can't start");
        }
    }

    private void add(RpcContext context, Counter.Add add) {
        if (!node.isLeader()) {
            context.sendResponse(Answers.notLeader(node));
            return;
        }
        node.apply(new Task(CounterStateMachine.entry(add.getDelta()), new Added(context)));
    }

    private void read(RpcContext context, Counter.Read read) {
        if (!read.getLinearizable()) {
            answer(context);
            return;
        }
        node.readIndex(new byte[0], new ReadIndexClosure() {
            @Override
            public void run(Status status, long index, byte[] requestContext) {
                if (status.isOk()) {
                    answer(context);
                } else {
                    context.sendResponse(Answers.notRead(status));
                }
            }
        });
    }

    private void answer(RpcContext context) {
        context.sendResponse(Counter.Value.newBuilder().setValue(counter.value()).build());
    }

    private interface Handler<T> {
        void handle(RpcContext context, T request);
    }

    private static final class Processor<T> implements RpcProcessor<T> {
        private final Class<T> type;
        private final Handler<T> handler;

        Processor(Class<T> type, Handler<T> handler) {
            this.type = type;
            this.handler = handler;
        }

        @Override
        public void handleRequest(RpcContext context, T request) {
            handler.handle(context, request);
        }

        @Override
        public String interest() {
            return type.getName();
        }
    }
}
