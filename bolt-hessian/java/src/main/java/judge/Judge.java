package judge;

import com.caucho.hessian.io.Hessian2Input;
import com.caucho.hessian.io.Hessian2Output;
import com.caucho.hessian.io.SerializerFactory;

import java.io.BufferedReader;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.Map;

/**
 * {@code read}: for each line of hexadecimal digits, what the library reads them as. Values of one
 * stream are separated by a semicolon.
 * {@code write}: for each value of {@link Samples}, its name, what it is and the bytes that the
 * library writes, separated by tabs.
 */
public final class Judge {
    private static final SerializerFactory FACTORY = new SerializerFactory();

    private Judge() {
    }

    public static void main(String[] arguments) throws Exception {
        // The library reports what it cannot open there, line by line.
        PrintStream out = new PrintStream(System.out, false, "UTF-8");
        System.setOut(System.err);
        if (arguments.length == 1 && arguments[0].equals("read")) {
            read(out);
        } else if (arguments.length == 1 && arguments[0].equals("write")) {
            write(out);
        } else {
            throw new IllegalArgumentException("usage: read|write");
        }
        out.flush();
    }

    private static void read(PrintStream out) throws IOException {
        BufferedReader lines = new BufferedReader(
            new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line = lines.readLine(); line != null; line = lines.readLine()) {
            String text;
            try {
                ByteArrayInputStream bytes = new ByteArrayInputStream(Hex.decode(line));
                Hessian2Input input = new Hessian2Input(bytes);
                input.setSerializerFactory(FACTORY);
                StringBuilder texts = new StringBuilder();
                do {
                    texts.append(texts.length() == 0 ? "" : ";");
                    texts.append(Text.of(input.readObject()));
                } while (!input.isEnd());
                text = texts.toString();
            } catch (Throwable problem) {
                text = "ERR " + String.valueOf(problem).replaceAll("\\s+", " ");
            }
            out.println(text);
        }
    }

    private static void write(PrintStream out) throws IOException {
        for (Map.Entry<String, Object> sample : Samples.all().entrySet()) {
            Object[] values = {sample.getValue()};
            if (sample.getValue() instanceof Samples.Stream) {
                values = ((Samples.Stream) sample.getValue()).values;
            }
            StringBuilder text = new StringBuilder();
            String hex;
            try {
                ByteArrayOutputStream bytes = new ByteArrayOutputStream();
                Hessian2Output output = new Hessian2Output(bytes);
                output.setSerializerFactory(FACTORY);
                for (Object value : values) {
                    output.writeObject(value);
                    text.append(text.length() == 0 ? "" : ";").append(Text.of(value));
                }
                output.close();
                hex = Hex.encode(bytes.toByteArray());
            } catch (Throwable problem) {
                hex = "ERR " + String.valueOf(problem).replaceAll("\\s+", " ");
            }
            out.println(sample.getKey() + "\t" + text + "\t" + hex);
        }
    }
}
