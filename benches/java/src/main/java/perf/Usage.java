package perf;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Paths;

/** CPU seconds and memory of a process, from /proc; null where there is none. */
final class Usage {
    final double cpuSeconds;
    final long peakRssKb;

    private Usage(double cpuSeconds, long peakRssKb) {
        this.cpuSeconds = cpuSeconds;
        this.peakRssKb = peakRssKb;
    }

    static Usage of(String pid) {
        if (pid == null) {
            return null;
        }
        try {
            String stat = read("/proc/" + pid + "/stat");
            String[] fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ");
            double ticks = Long.parseLong(fields[11]) + Long.parseLong(fields[12]);
            String status = read("/proc/" + pid + "/status");
            String peak = status.substring(status.indexOf("VmHWM:") + 6).trim().split("\\s+")[0];
            return new Usage(ticks / 100, Long.parseLong(peak));
        } catch (IOException e) {
            return null;
        }
    }

    private static String read(String file) throws IOException {
        return new String(Files.readAllBytes(Paths.get(file)), StandardCharsets.UTF_8);
    }
}
