package peer.bolt;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** The client of the contract: runs scenarios, one line each. */
final class Client {
    private static final int DEADLINE_S = 30;

    private final Options options;
    private final Map<String, Scenario> scenarios = new LinkedHashMap<>();
    private final List<String> notInAll = new ArrayList<>();
    private int passed;
    private int failed;

    private Client(Options options) {
        this.options = options;
        CallScenarios.addTo(scenarios);
        ErrorScenarios.addTo(scenarios);
        ServerScenarios.addTo(scenarios);
        ConnectionScenarios.addTo(scenarios);
        MatrixScenarios.addTo(scenarios);
        Map<String, Scenario> others = new LinkedHashMap<>();
        SpecialScenarios.addTo(others);
        RawScenarios.addTo(others);
        scenarios.putAll(others);
        notInAll.addAll(others.keySet());
    }

    /** The exit status: 0 only if all passed. */
    static int run(String[] args) {
        Options options = new Options(args, "crc tls-keystore tls-password heartbeat-interval-ms n big seconds peer", "");
        Client client = new Client(options);
        if (options.words.contains("list")) {
            client.scenarios.keySet().forEach(System.out::println);
            return 0;
        }
        if (options.words.size() != 2) {
            throw new IllegalArgumentException("usage: client ADDRESS SCENARIO[,SCENARIO...]|all|list [options]");
        }
        new Env(options).close();
        Codecs.register();
        for (String name : options.words.get(1).split(",")) {
            client.runNamed(name);
        }
        System.out.println(client.passed + " passed, " + client.failed + " failed");
        System.out.flush();
        return client.failed == 0 && client.passed > 0 ? 0 : 1;
    }

    /** A name, `all`, or a group such as `matrix`, `matrix/v1` or `raw`. */
    private void runNamed(String name) {
        List<String> chosen = new ArrayList<>();
        for (String candidate : scenarios.keySet()) {
            boolean group = candidate.startsWith(name + "/") || name.equals("raw") && candidate.startsWith("raw-");
            if (candidate.equals(name) || group || name.equals("all") && !notInAll.contains(candidate)) {
                chosen.add(candidate);
            }
        }
        if (chosen.isEmpty()) {
            report(name, 0, null, "there is no such scenario");
        }
        for (String scenario : chosen) {
            runOne(scenario);
        }
    }

    private void runOne(String name) {
        long start = System.nanoTime();
        Env env = new Env(options);
        FutureTask<String> task = new FutureTask<>(() -> scenarios.get(name).run(env));
        Thread thread = new Thread(task, "scenario " + name);
        thread.setDaemon(true);
        thread.start();
        String detail = null;
        String reason = null;
        int limit = DEADLINE_S + (name.equals("soak") ? options.number("seconds", 10) : 0);
        try {
            detail = task.get(limit, TimeUnit.SECONDS);
        } catch (TimeoutException e) {
            StackTraceElement[] stack = thread.getStackTrace();
            reason = "no end after " + limit + " s, at " + (stack.length > 0 ? where(stack) : "?");
            thread.interrupt();
        } catch (ExecutionException e) {
            Throwable cause = e.getCause();
            reason = cause instanceof Check.Failure ? Check.show(cause.getMessage()).substring("java.lang.String ".length())
                : "unexpected " + Check.show(cause);
            reason += " (" + where(cause.getStackTrace()) + ")";
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            reason = "interrupted";
        }
        env.close();
        report(name, (System.nanoTime() - start) / 1_000_000, detail, reason);
    }

    /** The line of a scenario, not of its helpers. */
    private static String where(StackTraceElement[] stack) {
        for (StackTraceElement element : stack) {
            if (element.getClassName().startsWith("peer.bolt.") && element.getClassName().contains("Scenarios")) {
                return element.getFileName() + ":" + element.getLineNumber();
            }
        }
        return stack.length == 0 ? "?" : stack[0].toString();
    }

    private void report(String name, long millis, String detail, String reason) {
        if (reason == null) {
            passed++;
        } else {
            failed++;
        }
        String text = reason == null ? detail : reason;
        System.out.println((reason == null ? "PASS " : "FAIL ") + name + " (" + millis + " ms) "
            + String.valueOf(text).replaceAll("\\s+", " "));
        System.out.flush();
    }
}
