package peer.sofarpc;

/** The service of the contract over protobuf. */
public interface PbHelloService {
    HelloRes hello(HelloReq request);

    HelloRes empty(HelloReq request);

    HelloRes crash(HelloReq request);
}
