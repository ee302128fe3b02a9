package peer.sofarpc;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/** What the contract says. */
final class HelloServiceImpl implements HelloService {
    private final String greeting;
    private final Map<String, Integer> notes = new ConcurrentHashMap<>();

    HelloServiceImpl(String greeting) {
        this.greeting = greeting;
    }

    @Override
    public String sayHello(String name) {
        return greeting + name;
    }

    @Override
    public int add(int a, int b) {
        return a + b;
    }

    @Override
    public Person birthday(Person person) {
        person.age++;
        return person;
    }

    @Override
    public List<String> repeat(String s, int n) {
        List<String> all = new ArrayList<>();
        for (int i = 0; i < n; i++) {
            all.add(s + i);
        }
        return all;
    }

    @Override
    public Map<String, Long> sizes(Map<String, byte[]> map) {
        Map<String, Long> sizes = new HashMap<>();
        map.forEach((key, bytes) -> sizes.put(key, (long) bytes.length));
        return sizes;
    }

    @Override
    public void nothing() {
    }

    @Override
    public String nullString(String s) {
        return null;
    }

    @Override
    public String fail(String message) throws HelloException {
        throw new HelloException(message);
    }

    @Override
    public String crash(String message) {
        throw new IllegalStateException(message);
    }

    @Override
    public String slow(int ms) {
        try {
            Thread.sleep(ms);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        return "slow" + ms;
    }

    @Override
    public byte[] bytes(byte[] bytes) {
        return bytes;
    }

    @Override
    public void note(String key) {
        notes.merge(key, 1, Integer::sum);
    }

    @Override
    public int noted(String key) {
        return notes.getOrDefault(key, 0);
    }
}
