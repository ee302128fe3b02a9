package peer.bolt;

import com.alipay.remoting.CustomSerializerManager;
import com.alipay.remoting.DefaultCustomSerializer;
import com.alipay.remoting.InvokeContext;
import com.alipay.remoting.exception.SerializationException;
import com.alipay.remoting.rpc.RequestCommand;
import com.alipay.remoting.rpc.ResponseCommand;
import com.alipay.remoting.rpc.protocol.RpcRequestCommand;
import com.alipay.remoting.rpc.protocol.RpcResponseCommand;

import java.nio.charset.StandardCharsets;

/** Custom serializers of header and content, the same on both sides. */
final class Codecs {
    /** A lone end of a list: no Hessian reader takes it. */
    private static final byte[] GARBAGE = {0x43, (byte) 0xff, (byte) 0xff, 0x42, 0x42};
    private static boolean registered;

    private Codecs() {
    }

    /** SOFABolt keeps these per process, and refuses a second registration. */
    static synchronized void register() {
        if (!registered) {
            registered = true;
            Custom custom = new Custom();
            CustomSerializerManager.registerCustomSerializer(CustomRequest.class.getName(), custom);
            CustomSerializerManager.registerCustomSerializer(CustomResponse.class.getName(), custom);
            CustomSerializerManager.registerCustomSerializer(SelectorRequest.class.getName(), new Selector());
            CustomSerializerManager.registerCustomSerializer(GarbageRequest.class.getName(), new Garbage());
        }
    }

    private static byte[] utf8(String s) {
        return s == null ? null : s.getBytes(StandardCharsets.UTF_8);
    }

    private static String text(byte[] bytes) {
        return bytes == null || bytes.length == 0 ? null : new String(bytes, StandardCharsets.UTF_8);
    }

    private static byte[] present(byte[] bytes) {
        return bytes == null ? new byte[0] : bytes;
    }

    private static final class Custom extends DefaultCustomSerializer {
        @Override
        public <T extends RequestCommand> boolean serializeHeader(T command, InvokeContext ctx) {
            RpcRequestCommand request = (RpcRequestCommand) command;
            request.setHeader(utf8(((CustomRequest) request.getRequestObject()).headerText));
            return true;
        }

        @Override
        public <T extends RequestCommand> boolean deserializeHeader(T command) {
            RpcRequestCommand request = (RpcRequestCommand) command;
            request.setRequestHeader(text(request.getHeader()));
            return true;
        }

        @Override
        public <T extends RequestCommand> boolean serializeContent(T command, InvokeContext ctx) {
            RpcRequestCommand request = (RpcRequestCommand) command;
            request.setContent(((CustomRequest) request.getRequestObject()).body);
            return true;
        }

        @Override
        public <T extends RequestCommand> boolean deserializeContent(T command) {
            RpcRequestCommand request = (RpcRequestCommand) command;
            request.setRequestObject(new CustomRequest((String) request.getRequestHeader(),
                present(request.getContent())));
            return true;
        }

        @Override
        public <T extends ResponseCommand> boolean serializeHeader(T command) {
            RpcResponseCommand response = (RpcResponseCommand) command;
            response.setHeader(utf8(((CustomResponse) response.getResponseObject()).headerText));
            return true;
        }

        @Override
        public <T extends ResponseCommand> boolean deserializeHeader(T command, InvokeContext ctx) {
            RpcResponseCommand response = (RpcResponseCommand) command;
            response.setResponseHeader(text(response.getHeader()));
            return true;
        }

        @Override
        public <T extends ResponseCommand> boolean serializeContent(T command) {
            RpcResponseCommand response = (RpcResponseCommand) command;
            response.setContent(((CustomResponse) response.getResponseObject()).body);
            return true;
        }

        @Override
        public <T extends ResponseCommand> boolean deserializeContent(T command, InvokeContext ctx) {
            RpcResponseCommand response = (RpcResponseCommand) command;
            response.setResponseObject(new CustomResponse((String) response.getResponseHeader(),
                present(response.getContent())));
            return true;
        }
    }

    /** A header of its own; the content stays Hessian. */
    private static final class Selector extends DefaultCustomSerializer {
        @Override
        public <T extends RequestCommand> boolean serializeHeader(T command, InvokeContext ctx) {
            RpcRequestCommand request = (RpcRequestCommand) command;
            request.setHeader(utf8(((SelectorRequest) request.getRequestObject()).headerText));
            return true;
        }

        @Override
        public <T extends RequestCommand> boolean deserializeHeader(T command) {
            RpcRequestCommand request = (RpcRequestCommand) command;
            request.setRequestHeader(text(request.getHeader()));
            return true;
        }
    }

    private static final class Garbage extends DefaultCustomSerializer {
        @Override
        public <T extends RequestCommand> boolean serializeContent(T command, InvokeContext ctx)
            throws SerializationException {
            command.setContent(GARBAGE);
            return true;
        }
    }
}
