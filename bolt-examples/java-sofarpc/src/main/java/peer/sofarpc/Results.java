package peer.sofarpc;

import com.alipay.hessian.generic.model.GenericObject;
import com.alipay.sofa.rpc.api.GenericService;
import com.google.protobuf.ByteString;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Date;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Calls that succeed: arguments and results of all kinds. */
final class Results {
    private Results() {
    }

    static void addTo(Map<String, Client.Scenario> all) {
        all.put("hello", Results::hello);
        all.put("add", Results::add);
        all.put("pojo", Results::pojo);
        all.put("self-ref", Results::selfRef);
        all.put("list", Results::list);
        all.put("map", Results::map);
        all.put("void", Results::nothing);
        all.put("null", Results::nullString);
        all.put("big", Results::big);
        all.put("unique-id", Results::uniqueId);
        all.put("generic", Results::generic);
        all.put("pb-hello", Results::pbHello);
    }

    private static String hello(Env env) {
        HelloService hello = env.hello();
        String many = String.join("", Collections.nCopies(10_000, "long "));
        for (String name : Arrays.asList("java", "", "grüße 你好 😀", many)) {
            env.calls.incrementAndGet();
            Check.equal("greeting", "hello " + name, hello.sayHello(name));
        }
        return "texts of 0 to 50,000 characters";
    }

    private static String add(Env env) {
        HelloService hello = env.hello();
        int[][] pairs = {{1, 2}, {-7, 3}, {Integer.MAX_VALUE, 1}, {Integer.MIN_VALUE, 0}};
        for (int[] pair : pairs) {
            env.calls.incrementAndGet();
            Check.equal("sum", pair[0] + pair[1], hello.add(pair[0], pair[1]));
        }
        return "of int and int";
    }

    private static Person person(String name) {
        Person person = new Person();
        person.name = name;
        person.age = 41;
        person.tags = new ArrayList<>(Arrays.asList("a", null, "ü"));
        person.born = new Date(1_700_000_000_123L);
        return person;
    }

    private static String pojo(Env env) {
        HelloService hello = env.hello();
        Person withFriend = person("me");
        withFriend.friend = person("friend");
        for (Person sent : Arrays.asList(new Person(), person("alone"), withFriend)) {
            env.calls.incrementAndGet();
            Person got = hello.birthday(sent);
            Check.person(sent, got);
            Check.equal("age", sent.age + 1, got.age);
            Check.person(sent.friend, got.friend);
        }
        return "with nulls, list, date and friend";
    }

    private static String selfRef(Env env) {
        Person narcissus = person("me");
        narcissus.friend = narcissus;
        env.calls.incrementAndGet();
        Person got = env.hello().birthday(narcissus);
        Check.equal("age", 42, got.age);
        Check.that(got.friend == got, "the friend is somebody else");
        return "an object that refers to itself";
    }

    private static String list(Env env) {
        HelloService hello = env.hello();
        for (int n : new int[] {0, 3, 300}) {
            List<String> expected = new ArrayList<>();
            for (int i = 0; i < n; i++) {
                expected.add("s" + i);
            }
            env.calls.incrementAndGet();
            Check.equal("list", expected, hello.repeat("s", n));
        }
        return "of 0, 3 and 300 texts";
    }

    private static String map(Env env) {
        Map<String, byte[]> sent = new HashMap<>();
        sent.put("empty", new byte[0]);
        sent.put("one", new byte[1]);
        sent.put("many", new byte[100_000]);
        env.calls.incrementAndGet();
        Map<String, Long> got = env.hello().sizes(sent);
        Check.equal("entries", 3, got.size());
        // Hessian doesn't tell a Long from an Integer, Java's serializer does.
        sent.forEach((key, bytes) -> Check.equal(key, (long) bytes.length, ((Number) got.get(key)).longValue()));
        return "of texts and bytes";
    }

    private static String nothing(Env env) {
        env.calls.incrementAndGet();
        env.hello().nothing();
        return "without a result";
    }

    private static String nullString(Env env) {
        HelloService hello = env.hello();
        env.calls.addAndGet(4);
        Check.equal("result", null, hello.nullString("x"));
        Check.equal("result", null, hello.nullString(null));
        Check.equal("bytes", null, hello.bytes(null));
        Check.equal("greeting", "hello null", hello.sayHello(null));
        return "as result and as argument";
    }

    private static String big(Env env) {
        HelloService hello = env.hello();
        for (int size : new int[] {0, 32_768, 5 << 20}) {
            byte[] sent = new byte[size];
            for (int i = 0; i < size; i++) {
                sent[i] = (byte) (i % 251);
            }
            env.calls.incrementAndGet();
            Check.that(Arrays.equals(sent, hello.bytes(sent)), size + " bytes came back otherwise");
        }
        return "up to 5 MiB there and back";
    }

    private static String uniqueId(Env env) {
        env.calls.incrementAndGet();
        HelloService hello = env.consumer(HelloService.class).setUniqueId("u1").refer();
        Check.equal("greeting", "u1 x", hello.sayHello("x"));
        return "the other implementation answered";
    }

    /** Calls without the classes of the service. */
    private static String generic(Env env) {
        GenericService hello = env.generic();
        env.calls.addAndGet(2);
        Object text = hello.$invoke("sayHello", new String[] {"java.lang.String"}, new Object[] {"x"});
        Check.equal("greeting", "hello x", text);
        GenericObject person = new GenericObject("peer.sofarpc.Person");
        person.putField("name", "me");
        person.putField("age", 41);
        Object older = hello.$genericInvoke("birthday", new String[] {"peer.sofarpc.Person"}, new Object[] {person});
        Check.equal("age", 42, ((GenericObject) older).getField("age"));
        return "a text and an object";
    }

    private static String pbHello(Env env) {
        PbHelloService hello = env.pbHello();
        for (int times : new int[] {2, 0}) {
            ByteString data = ByteString.copyFrom(new byte[times * 35_000]);
            env.calls.incrementAndGet();
            HelloRes got = hello.hello(HelloReq.newBuilder().setName("ü").setTimes(times).setData(data).build());
            Check.equal("text", times == 2 ? "hello ü;hello ü;" : "", got.getText());
            Check.equal("at", 1234567890123L, got.getAt());
            Check.equal("data", data, got.getData());
        }
        return "text, number and bytes";
    }
}
