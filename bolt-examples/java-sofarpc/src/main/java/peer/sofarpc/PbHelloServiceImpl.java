package peer.sofarpc;

/** What the contract says. */
final class PbHelloServiceImpl implements PbHelloService {
    @Override
    public HelloRes hello(HelloReq request) {
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < request.getTimes(); i++) {
            text.append("hello ").append(request.getName()).append(';');
        }
        return HelloRes.newBuilder().setText(text.toString()).setAt(1234567890123L).setData(request.getData()).build();
    }

    @Override
    public HelloRes empty(HelloReq request) {
        return HelloRes.getDefaultInstance();
    }

    @Override
    public HelloRes crash(HelloReq request) {
        throw new IllegalStateException("pb-crash " + request.getName());
    }
}
