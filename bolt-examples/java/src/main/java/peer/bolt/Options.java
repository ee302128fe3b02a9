package peer.bolt;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Command line: positional words, `--name value` and `--flag`. */
final class Options {
    final List<String> words = new ArrayList<>();
    private final Map<String, String> values = new HashMap<>();

    /** The names are without dashes; any other option is refused. */
    Options(String[] args, String valueNames, String flagNames) {
        List<String> valued = Arrays.asList(valueNames.split(" "));
        List<String> flags = Arrays.asList(flagNames.split(" "));
        for (int i = 0; i < args.length; i++) {
            if (!args[i].startsWith("--")) {
                words.add(args[i]);
                continue;
            }
            String name = args[i].substring(2);
            if (flags.contains(name)) {
                values.put(name, "true");
            } else if (valued.contains(name) && i + 1 < args.length) {
                values.put(name, args[++i]);
            } else {
                throw new IllegalArgumentException("unknown option or missing value: " + args[i]);
            }
        }
    }

    boolean has(String name) {
        return values.containsKey(name);
    }

    String get(String name, String otherwise) {
        return values.getOrDefault(name, otherwise);
    }

    int number(String name, int otherwise) {
        return has(name) ? Integer.parseInt(values.get(name)) : otherwise;
    }
}
