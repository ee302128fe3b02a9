package peer.sofarpc;

import com.alipay.sofa.rpc.api.GenericService;
import com.alipay.sofa.rpc.config.ApplicationConfig;
import com.alipay.sofa.rpc.config.ConsumerConfig;
import com.alipay.sofa.rpc.core.invoke.SofaResponseCallback;

import java.util.concurrent.atomic.AtomicInteger;

/**
 * What a scenario is given: consumers of the server's services. They last as long as the process: a consumer that is made
 * while one of the same address is being ended may find no connection.
 */
final class Env {
    final String address;
    final AtomicInteger calls = new AtomicInteger();

    Env(String address) {
        this.address = address;
    }

    HelloService hello() {
        return consumer(HelloService.class).refer();
    }

    PbHelloService pbHello() {
        return consumer(PbHelloService.class).setSerialization("protobuf").refer();
    }

    /** A consumer without the classes of the service. */
    GenericService generic() {
        return consumer(GenericService.class).setInterfaceId(HelloService.class.getName()).setGeneric(true).refer();
    }

    /** A consumer that gives the answers of its calls to the callback. */
    HelloService calling(SofaResponseCallback<Object> callback) {
        ConsumerConfig<HelloService> consumer = consumer(HelloService.class).setInvokeType("callback");
        consumer.setOnReturn(callback);
        return consumer.refer();
    }

    <T> ConsumerConfig<T> consumer(Class<T> type) {
        return consumer(type, address);
    }

    <T> ConsumerConfig<T> consumer(Class<T> type, String at) {
        return new ConsumerConfig<T>()
            .setApplication(new ApplicationConfig().setAppName("java-sofarpc"))
            .setInterfaceId(type.getName())
            .setProtocol("bolt")
            .setDirectUrl("bolt://" + at)
            .setRegister(false)
            .setSubscribe(false)
            .setTimeout(5000)
            .setRepeatedReferLimit(-1);
    }
}
