package peer.jraft;

import com.alipay.remoting.CustomSerializerManager;
import com.alipay.remoting.DefaultCustomSerializer;
import com.alipay.remoting.InvokeContext;
import com.alipay.remoting.exception.DeserializationException;
import com.alipay.remoting.rpc.RequestCommand;
import com.alipay.remoting.rpc.ResponseCommand;
import com.alipay.remoting.rpc.protocol.RpcRequestCommand;
import com.alipay.remoting.rpc.protocol.RpcResponseCommand;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.MessageLite;

/** The message as it is; without this SOFABolt would put it into Hessian. */
final class PlainProtobuf extends DefaultCustomSerializer {
    private final MessageLite type;

    private PlainProtobuf(MessageLite type) {
        this.type = type;
    }

    static void register(MessageLite... types) {
        for (MessageLite type : types) {
            CustomSerializerManager.registerCustomSerializer(type.getClass().getName(), new PlainProtobuf(type));
        }
    }

    @Override
    public <T extends RequestCommand> boolean serializeContent(T request, InvokeContext context) {
        RpcRequestCommand command = (RpcRequestCommand) request;
        command.setContent(((MessageLite) command.getRequestObject()).toByteArray());
        return true;
    }

    @Override
    public <T extends ResponseCommand> boolean serializeContent(T response) {
        RpcResponseCommand command = (RpcResponseCommand) response;
        command.setContent(((MessageLite) command.getResponseObject()).toByteArray());
        return true;
    }

    @Override
    public <T extends RequestCommand> boolean deserializeContent(T request) throws DeserializationException {
        RpcRequestCommand command = (RpcRequestCommand) request;
        command.setRequestObject(read(command.getContent()));
        return true;
    }

    @Override
    public <T extends ResponseCommand> boolean deserializeContent(T response, InvokeContext context)
        throws DeserializationException {
        RpcResponseCommand command = (RpcResponseCommand) response;
        command.setResponseObject(read(command.getContent()));
        return true;
    }

    private MessageLite read(byte[] content) throws DeserializationException {
        try {
            // A message of nothing but defaults has no byte.
            return type.getParserForType().parseFrom(content == null ? new byte[0] : content);
        } catch (InvalidProtocolBufferException e) {
            throw new DeserializationException(e.getMessage(), e);
        }
    }
}
