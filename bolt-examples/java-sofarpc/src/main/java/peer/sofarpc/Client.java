package peer.sofarpc;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** The consumer of the contract: runs scenarios, one line each. */
final class Client {
    private static final int DEADLINE_S = 30;

    private final Map<String, Scenario> scenarios = new LinkedHashMap<>();
    private final String address;
    private int passed;
    private int failed;

    /** Returns what it saw, for the reader. */
    interface Scenario {
        String run(Env env) throws Exception;
    }

    private Client(String address) {
        this.address = address;
        Results.addTo(scenarios);
        Failures.addTo(scenarios);
        Styles.addTo(scenarios);
    }

    /** The exit status: 0 only if all passed. */
    static int run(String[] args) {
        // For `heartbeat`; it is read once, when the first connection is made.
        System.setProperty("bolt.tcp.heartbeat.interval", "100");
        if (args.length != 2) {
            throw new IllegalArgumentException("usage: client ADDRESS SCENARIO[,SCENARIO...]|all|names");
        }
        Client client = new Client(args[0]);
        if (args[1].equals("names")) {
            client.scenarios.keySet().forEach(System.out::println);
            return 0;
        }
        String wanted = args[1].equals("all") ? String.join(",", client.scenarios.keySet()) : args[1];
        for (String name : wanted.split(",")) {
            client.runOne(name);
        }
        System.out.println(client.passed + " passed, " + client.failed + " failed");
        System.out.flush();
        return client.failed == 0 ? 0 : 1;
    }

    private void runOne(String name) {
        long start = System.nanoTime();
        Scenario scenario = scenarios.get(name);
        if (scenario == null) {
            report(name, start, null, "there is no such scenario");
            return;
        }
        Env env = new Env(address);
        FutureTask<String> task = new FutureTask<>(() -> scenario.run(env));
        Thread thread = new Thread(task, "scenario " + name);
        thread.setDaemon(true);
        thread.start();
        String detail = null;
        String reason = null;
        try {
            String saw = task.get(DEADLINE_S, TimeUnit.SECONDS);
            detail = env.calls + " calls, " + saw;
        } catch (TimeoutException e) {
            reason = "no end after " + DEADLINE_S + " s";
        } catch (ExecutionException e) {
            Throwable cause = e.getCause();
            reason = cause instanceof Check.Failure ? cause.getMessage() : "unexpected " + cause + where(cause);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            reason = "interrupted";
        }
        report(name, start, detail, reason);
    }

    /** The place in the scenario. */
    private static String where(Throwable cause) {
        for (StackTraceElement element : cause.getStackTrace()) {
            if (element.getClassName().startsWith("peer.sofarpc.")) {
                return " (" + element.getFileName() + ":" + element.getLineNumber() + ")";
            }
        }
        return "";
    }

    private void report(String name, long start, String detail, String reason) {
        if (reason == null) {
            passed++;
        } else {
            failed++;
        }
        long millis = (System.nanoTime() - start) / 1_000_000;
        String text = reason == null ? detail : reason;
        System.out.println((reason == null ? "PASS " : "FAIL ") + name + " (" + millis + " ms) "
            + String.valueOf(text).replaceAll("\\s+", " "));
        System.out.flush();
    }
}
