package perf;

import com.alipay.remoting.DefaultCustomSerializer;
import com.alipay.remoting.InvokeContext;
import com.alipay.remoting.rpc.RequestCommand;
import com.alipay.remoting.rpc.ResponseCommand;
import com.alipay.remoting.rpc.protocol.RpcRequestCommand;
import com.alipay.remoting.rpc.protocol.RpcResponseCommand;

/** The content of a {@link RawBody} is its bytes, without a copy. */
final class RawSerializer extends DefaultCustomSerializer {
    @Override
    public <T extends RequestCommand> boolean serializeContent(T command, InvokeContext context) {
        RpcRequestCommand request = (RpcRequestCommand) command;
        request.setContent(((RawBody) request.getRequestObject()).content);
        return true;
    }

    @Override
    public <T extends RequestCommand> boolean deserializeContent(T command) {
        RpcRequestCommand request = (RpcRequestCommand) command;
        request.setRequestObject(new RawBody(request.getContent()));
        return true;
    }

    @Override
    public <T extends ResponseCommand> boolean serializeContent(T command) {
        RpcResponseCommand response = (RpcResponseCommand) command;
        response.setContent(((RawBody) response.getResponseObject()).content);
        return true;
    }

    @Override
    public <T extends ResponseCommand> boolean deserializeContent(T command, InvokeContext context) {
        RpcResponseCommand response = (RpcResponseCommand) command;
        response.setResponseObject(new RawBody(response.getContent()));
        return true;
    }
}
