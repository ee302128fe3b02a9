package peer.sofarpc;

import java.util.List;
import java.util.Map;

/** The service of the contract over hessian2. */
public interface HelloService {
    String sayHello(String name);

    int add(int a, int b);

    Person birthday(Person person);

    List<String> repeat(String s, int n);

    Map<String, Long> sizes(Map<String, byte[]> map);

    void nothing();

    String nullString(String s);

    String fail(String message) throws HelloException;

    String crash(String message);

    String slow(int ms);

    byte[] bytes(byte[] bytes);

    void note(String key);

    int noted(String key);
}
