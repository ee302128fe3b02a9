package judge;

import fx.All;
import fx.Child;
import fx.Color;
import fx.Node;
import fx.Pt;
import fx.Trouble;

import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Date;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** Values for the library to write. */
final class Samples {
    private final Map<String, Object> samples = new LinkedHashMap<String, Object>();

    private Samples() {
    }

    /** Values to write into one stream. */
    static final class Stream {
        final Object[] values;

        Stream(Object... values) {
            this.values = values;
        }
    }

    static Map<String, Object> all() {
        Samples samples = new Samples();
        samples.scalars();
        samples.texts();
        samples.collections();
        samples.objects();
        samples.streams();
        return samples.samples;
    }

    private void add(String name, Object value) {
        if (samples.put(name, value) != null) {
            throw new IllegalStateException("two samples named " + name);
        }
    }

    private void scalars() {
        add("null", null);
        add("true", true);
        add("false", false);
        long[] borders = {0, 8, 9, 15, 16, 17, 47, 48, 127, 128, 255, 256, 2047, 2048, 2049, 32767,
            32768, 65536, 262143, 262144, 262145, Integer.MAX_VALUE, 1L << 31, 1L << 32,
            Long.MAX_VALUE};
        for (long border : borders) {
            for (long number : new long[] {border, -border, -border - 1}) {
                samples.put("long " + number, number);
                if (number == (int) number) {
                    samples.put("int " + number, (int) number);
                }
                samples.put("double " + number, (double) number);
                samples.put("thousandths " + number, number * 0.001);
            }
        }
        double[] doubles = {0.5, -0.5, 0.1, 12.25, 1e10, Math.PI, Double.MAX_VALUE,
            Double.MIN_VALUE, Float.MAX_VALUE, Double.NaN, Double.POSITIVE_INFINITY, 65536.125};
        for (double number : doubles) {
            samples.put("double " + number, number);
        }
        for (long date : new long[] {0, 1, -1, 60000, -60000, 1700000000123L, 1700000040000L,
            Integer.MAX_VALUE * 60000L, Integer.MAX_VALUE * 60000L + 60000, Long.MIN_VALUE}) {
            add("date " + date, new Date(date));
        }
    }

    private void texts() {
        String[] alphabets = {"a", "\u00e9", "\u4e2d", "\ud83d\ude00"};
        int[] lengths = {0, 1, 2, 31, 32, 33, 255, 256, 1023, 1024, 8190, 8192, 32767, 32768, 32769,
            65535, 65536, 70000};
        for (int length : lengths) {
            for (String alphabet : alphabets) {
                StringBuilder text = new StringBuilder();
                // Surrogate pairs at odd places as well.
                if (length % 2 == 1) {
                    text.append('x');
                }
                while (text.length() + alphabet.length() <= length) {
                    text.append(alphabet);
                }
                samples.put("string " + length + " " + Text.of(alphabet), text.toString());
            }
        }
        for (int length : new int[] {0, 1, 15, 16, 17, 1023, 1024, 8189, 8190, 32768, 32769, 70000}) {
            byte[] bytes = new byte[length];
            for (int i = 0; i < length; i++) {
                bytes[i] = (byte) (i * 31);
            }
            add("bytes " + length, bytes);
        }
    }

    private void collections() {
        for (int length : new int[] {0, 1, 2, 7, 8, 9, 255, 256, 300}) {
            List<Object> list = new ArrayList<Object>();
            int[] ints = new int[length];
            String[] strings = new String[length];
            for (int i = 0; i < length; i++) {
                list.add(i);
                ints[i] = -i;
                strings[i] = i % 3 == 0 ? null : "s" + i;
            }
            add("list " + length, list);
            add("linked list " + length, new LinkedList<Object>(list));
            add("ints " + length, ints);
            add("strings " + length, strings);
            add("objects " + length, list.toArray());
        }
        add("longs", new long[] {1, 1L << 40});
        add("doubles", new double[] {0.1, 2});
        add("booleans", new boolean[] {true, false});
        add("points", new Pt[] {new Pt(1, 2), null, new Pt(3, 4)});
        add("two types twice", Arrays.<Object>asList(new LinkedList<Object>(), new int[] {1},
            new LinkedList<Object>(Arrays.<Object>asList(1)), new int[] {2},
            new TreeMap<Object, Object>(), new TreeMap<Object, Object>()));
        Map<Object, Object> map = new HashMap<Object, Object>();
        add("empty map", new HashMap<Object, Object>());
        map.put("k", "v");
        map.put(5, null);
        map.put(7L, new ArrayList<Object>(Collections.singletonList(1.5)));
        add("map", map);
        add("linked map", new LinkedHashMap<Object, Object>(map));
        List<Object> itself = new ArrayList<Object>();
        itself.add(itself);
        add("list in itself", itself);
    }

    private void objects() {
        add("point", new Pt(1, 300));
        add("points in a list", new ArrayList<Object>(
            Arrays.<Object>asList(new Pt(1, 2), new Pt(3, 4))));
        add("color", Color.GREEN);
        add("colors", new ArrayList<Object>(
            Arrays.<Object>asList(Color.RED, Color.GREEN, Color.RED)));
        Node node = new Node();
        node.name = "itself";
        node.next = node;
        add("node", node);
        Child child = new Child();
        child.id = 1L << 33;
        child.point = new Pt(5, 6);
        add("child", child);
        add("decimal", new BigDecimal("12.340"));
        All all = new All();
        add("all unset", all);
        all = new All();
        all.z = true;
        all.b = -1;
        all.s = -300;
        all.i = 1 << 30;
        all.l = 1L << 60;
        all.f = 0.5f;
        all.d = 0.1;
        all.c = '\u4e2d';
        all.boxedZ = false;
        all.boxedI = 0;
        all.boxedL = -1L;
        all.boxedD = 2.0;
        all.str = "text";
        all.date = new Date(99);
        all.color = Color.BLUE;
        all.dec = new BigDecimal("1E+3");
        all.bytes = new byte[] {1, 2};
        all.chars = "xyz".toCharArray();
        all.ints = new int[] {1};
        all.longs = new long[] {2};
        all.doubles = new double[] {3};
        all.strs = new String[] {"a", null};
        all.objs = new Object[] {1, "x", null};
        all.pts = new Pt[] {new Pt(7, 8)};
        all.list = new ArrayList<Object>(Arrays.<Object>asList(1, 2));
        all.set = new java.util.HashSet<Object>(Collections.singleton(1));
        all.map = new HashMap<Object, Object>(Collections.singletonMap("k", "v"));
        all.any = all.list;
        all.num = 5;
        all.pt = new Pt(9, 10);
        add("all set", all);
        for (int i = 0; i < 20; i++) {
            add("trouble " + i, i == 0 ? new Trouble(null) : quiet("message " + i));
        }
        add("wide", new ArrayList<Object>(
            Arrays.<Object>asList((byte) 1, (short) 2, 0.5f, 'c', new char[] {'d'})));
    }

    private void streams() {
        Pt shared = new Pt(1, 2);
        List<Object> list = new ArrayList<Object>(Arrays.<Object>asList(shared, shared));
        add("stream of scalars", new Stream("request", 1, null, 2L, new Date(3)));
        add("stream of one class", new Stream(new Pt(3, 4), new Pt(5, 6)));
        add("stream with shared objects", new Stream(shared, list, shared, list));
        Node node = new Node();
        node.name = "itself";
        node.next = node;
        add("stream with a cycle", new Stream(shared, node, Color.RED, node, Color.RED));
        add("stream of types", new Stream(new int[] {1}, new LinkedList<Object>(), new int[] {2},
            new LinkedList<Object>(list)));
    }

    private static Trouble quiet(String message) {
        Trouble trouble = new Trouble(message);
        trouble.setStackTrace(new StackTraceElement[] {
            new StackTraceElement("fx.A", "run", "A.java", 12),
            new StackTraceElement("fx.A", "main", null, -2)});
        return trouble;
    }
}
