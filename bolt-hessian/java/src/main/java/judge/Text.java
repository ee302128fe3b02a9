package judge;

import java.lang.reflect.Array;
import java.lang.reflect.Field;
import java.lang.reflect.Modifier;
import java.util.Collection;
import java.util.Date;
import java.util.IdentityHashMap;
import java.util.Map;
import java.util.TreeMap;

/** Says what an object is in a form that the Rust tests make, too. */
final class Text {
    private final StringBuilder out = new StringBuilder();
    private final IdentityHashMap<Object, Integer> seen = new IdentityHashMap<Object, Integer>();

    private Text() {
    }

    static String of(Object value) {
        Text text = new Text();
        text.write(value);
        return text.out.toString();
    }

    private void write(Object value) {
        if (value == null) {
            out.append("null");
        } else if (value instanceof Boolean) {
            out.append(value);
        } else if (value instanceof Byte || value instanceof Short || value instanceof Integer
            || value instanceof Long) {
            out.append(value.getClass().getSimpleName().toLowerCase()).append(':').append(value);
        } else if (value instanceof Double) {
            out.append(String.format("double:%016x", Double.doubleToRawLongBits((Double) value)));
        } else if (value instanceof Float) {
            out.append(String.format("float:%08x", Float.floatToRawIntBits((Float) value)));
        } else if (value instanceof Character) {
            out.append("char:");
            quote(value.toString());
        } else if (value instanceof String) {
            quote((String) value);
        } else if (value instanceof byte[]) {
            out.append("bytes:").append(Hex.encode((byte[]) value));
        } else if (value instanceof char[]) {
            out.append("chars:");
            quote(new String((char[]) value));
        } else if (value.getClass() == Date.class) {
            out.append("date:").append(((Date) value).getTime());
        } else if (value instanceof Enum) {
            out.append(value.getClass().getName()).append('.').append(((Enum<?>) value).name());
        } else if (value instanceof Throwable) {
            throwable((Throwable) value);
        } else if (value instanceof Collection || value instanceof Map
            || value.getClass().isArray() || value.getClass().getName().startsWith("fx.")) {
            container(value);
        } else {
            out.append(value.getClass().getName()).append(' ');
            quote(value.toString());
        }
    }

    private void container(Object value) {
        Integer known = seen.get(value);
        if (known != null) {
            out.append('#').append(known);
            return;
        }
        seen.put(value, seen.size());
        String name = value.getClass().getName();
        if (value instanceof Collection) {
            out.append(name).append('[');
            String separator = "";
            for (Object item : (Collection<?>) value) {
                out.append(separator);
                write(item);
                separator = ",";
            }
            out.append(']');
        } else if (value.getClass().isArray()) {
            out.append(name).append('[');
            for (int i = 0; i < Array.getLength(value); i++) {
                out.append(i == 0 ? "" : ",");
                write(Array.get(value, i));
            }
            out.append(']');
        } else if (value instanceof Map) {
            TreeMap<String, Object> sorted = new TreeMap<String, Object>();
            for (Map.Entry<?, ?> entry : ((Map<?, ?>) value).entrySet()) {
                sorted.put(of(entry.getKey()), entry.getValue());
            }
            entries(name, sorted);
        } else {
            entries(name, fields(value));
        }
    }

    private void entries(String name, TreeMap<String, Object> sorted) {
        out.append(name).append('{');
        String separator = "";
        for (Map.Entry<String, Object> entry : sorted.entrySet()) {
            out.append(separator).append(entry.getKey()).append('=');
            write(entry.getValue());
            separator = ",";
        }
        out.append('}');
    }

    private static TreeMap<String, Object> fields(Object value) {
        TreeMap<String, Object> sorted = new TreeMap<String, Object>();
        for (Class<?> c = value.getClass(); c != Object.class; c = c.getSuperclass()) {
            for (Field field : c.getDeclaredFields()) {
                if (!Modifier.isStatic(field.getModifiers())) {
                    try {
                        sorted.put(field.getName(), field.get(value));
                    } catch (IllegalAccessException impossible) {
                        throw new IllegalStateException(impossible);
                    }
                }
            }
        }
        return sorted;
    }

    private void throwable(Throwable value) {
        out.append(value.getClass().getName()).append('(');
        write(value.getMessage());
        for (StackTraceElement frame : value.getStackTrace()) {
            out.append(',').append(frame.getClassName()).append('.').append(frame.getMethodName());
            out.append('(').append(frame.getFileName()).append(':').append(frame.getLineNumber());
            out.append(')');
        }
        if (value.getCause() != null) {
            out.append(",caused by ");
            write(value.getCause());
        }
        out.append(')');
    }

    private void quote(String text) {
        out.append('"');
        for (char unit : text.toCharArray()) {
            if (unit < ' ' || unit > '~' || unit == '"' || unit == '\\') {
                byte[] bytes = {(byte) (unit >> 8), (byte) unit};
                out.append("\\u").append(Hex.encode(bytes));
            } else {
                out.append(unit);
            }
        }
        out.append('"');
    }
}
