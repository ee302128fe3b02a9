package peer.bolt;

import java.nio.charset.StandardCharsets;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;

/**
 * Frames by hand, judged by what the server does with them. By default as SOFABolt for Rust has to; with `--peer java`, as the Java
 * framework does where the two differ on purpose.
 */
final class RawScenarios {
    private static final String[] FORMS = {"v1", "v2.1", "v2.2", "v2.2+crc"};
    private static final String SERVER_EXCEPTION = "com.alipay.remoting.rpc.exception.RpcServerException";

    private RawScenarios() {
    }

    private interface Body {
        String run(RawConnection raw, boolean java) throws Exception;
    }

    private static Scenario with(Body body) {
        return env -> {
            try (RawConnection raw = new RawConnection(env)) {
                return body.run(raw, env.options.get("peer", "rust").equals("java"));
            }
        };
    }

    /** What the Java framework does with a frame that SOFABolt for Rust refuses. */
    private enum Java {
        CLOSES, WAITS, ANSWERS
    }

    private static void addRefused(Map<String, Scenario> all, String name, Java framework, Frame frame) {
        all.put("raw-" + name, with((raw, java) -> {
            raw.send(frame);
            if (java && framework == Java.WAITS) {
                raw.expectSilence(500);
                return "left open, as by SOFABolt";
            }
            if (java && framework == Java.ANSWERS) {
                return "answered with status " + raw.read().status + ", as by SOFABolt";
            }
            raw.expectClosed();
            return "closed";
        }));
    }

    private static void addIgnored(Map<String, Scenario> all, String name, boolean javaCloses, Frame frame) {
        all.put("raw-" + name, with((raw, java) -> {
            raw.expectOpen(Frame.request("v2.2+crc", 1));
            raw.send(frame);
            if (java && javaCloses) {
                raw.expectClosed();
                return "closed, as by SOFABolt";
            }
            raw.expectOpen(Frame.request("v2.2+crc", 2));
            return "ignored";
        }));
    }

    static void addTo(Map<String, Scenario> all) {
        all.put("raw-split", RawScenarios::split);
        all.put("raw-split-first-byte", with(RawScenarios::splitFirstByte));
        all.put("raw-batch", with(RawScenarios::batch));
        all.put("raw-mixed-versions", with(RawScenarios::mixedVersions));
        all.put("raw-heartbeat", with(RawScenarios::heartbeat));
        all.put("raw-null", with(RawScenarios::nullAnswer));
        all.put("raw-switch", with(RawScenarios::switches));
        all.put("raw-answer-class", with(RawScenarios::answerClass));
        all.put("raw-timeout-field", with(RawScenarios::timeoutField));
        all.put("raw-unknown-class", with((raw, java) -> error(raw, f -> f.className = "peer.bolt.UnknownRequest", 2,
            "No user processor found for request: peer.bolt.UnknownRequest")));
        all.put("raw-no-class", with((raw, java) -> error(raw, f -> f.className = "", 2, "No user processor found")));
        all.put("raw-garbage", with((raw, java) -> error(raw, f -> {
            f.className = "peer.bolt.GarbageRequest";
            f.content = new byte[] {0x43, -1, -1, 0x42, 0x42};
        }, 0x12, "")));
        all.put("raw-unknown-codec", with((raw, java) -> error(raw, f -> f.codec = 9, 0x12, "")));
        all.put("raw-oneway-error", with(RawScenarios::onewayError));
        all.put("raw-broken-off", RawScenarios::brokenOff);
        ignoredFrames(all);
        refusedFrames(all);
    }

    private static void ignoredFrames(Map<String, Scenario> all) {
        for (int command : new int[] {77, 100}) {
            Frame unknown = Frame.request("v2.2+crc", 9);
            unknown.command = command;
            addIgnored(all, "command-" + command, true, unknown);
        }
        Frame stray = Frame.request("v2.2+crc", 9);
        stray.type = Frame.RESPONSE;
        stray.command = 2;
        addIgnored(all, "unknown-id", false, stray);
        Frame status = Frame.request("v2.2+crc", 9);
        status.type = Frame.RESPONSE;
        status.command = 2;
        status.status = 0x55;
        addIgnored(all, "unknown-status", true, status);
    }

    private static void refusedFrames(Map<String, Scenario> all) {
        Frame crc = Frame.request("v2.2+crc", 9);
        crc.crcDamage = 1;
        addRefused(all, "bad-crc", Java.CLOSES, crc);
        Frame protocol = Frame.request("v1", 9);
        protocol.protocol = 0x50;
        addRefused(all, "bad-protocol", Java.CLOSES, protocol);
        Frame type = Frame.request("v1", 9);
        type.type = 3;
        addRefused(all, "bad-type", Java.CLOSES, type);
        Frame switches = Frame.request("v2.2", 9);
        switches.switches = 0x80;
        addRefused(all, "bad-switch", Java.CLOSES, switches);
        Frame version = Frame.request("v2.2", 9);
        version.version = 3;
        addRefused(all, "bad-version", Java.WAITS, version);
        Frame oversize = Frame.request("v1", 9);
        oversize.contentLength = 0x70000000;
        addRefused(all, "oversize", Java.WAITS, oversize);
        Frame longClass = Frame.request("v1", 9);
        longClass.classLength = 0x8000;
        longClass.contentLength = 0x100000;
        addRefused(all, "long-class", Java.WAITS, longClass);
        // Java adds the lengths up to 6, reads no content, and takes what follows for the next frame.
        Frame negative = Frame.request("v1", 9);
        negative.contentLength = -10;
        addRefused(all, "negative-length", Java.ANSWERS, negative);
    }

    private static String split(Env env) throws Exception {
        int splits = 0;
        for (String form : FORMS) {
            try (RawConnection raw = new RawConnection(env)) {
                raw.expectOpen(Frame.request(form, 1));
                byte[] bytes = Frame.request(form, 2).bytes();
                for (int at = 1; at < bytes.length; at++) {
                    raw.sendSplit(bytes, at);
                    raw.expectEcho(2);
                    splits++;
                }
                for (byte b : bytes) {
                    raw.send(new byte[] {b});
                }
                raw.expectEcho(2);
            }
        }
        return splits + " splits in " + FORMS.length + " forms, and byte by byte";
    }

    /** Java takes the version from the first read alone, and loses it if that was one byte. */
    private static String splitFirstByte(RawConnection raw, boolean java) throws Exception {
        raw.sendSplit(Frame.request("v2.2+crc", 1).bytes(), 1);
        Frame answer = raw.read();
        RawConnection.checkEcho(1, answer);
        Check.that(answer.form().equals("v2.2+crc") || java, "answered in " + answer.form());
        return "answered in " + answer.form();
    }

    private static String batch(RawConnection raw, boolean java) throws Exception {
        Set<Integer> expected = new HashSet<>();
        java.io.ByteArrayOutputStream all = new java.io.ByteArrayOutputStream();
        for (int id = 1; id <= 90; id++) {
            Frame frame = Frame.request("v2.2+crc", id);
            if (id % 3 == 1) {
                frame.heartbeat();
            } else if (id % 3 == 2) {
                frame.type = Frame.ONEWAY;
            }
            if (id % 3 != 2) {
                expected.add(id);
            }
            all.write(frame.bytes());
        }
        raw.send(all.toByteArray());
        for (int left = 60; left > 0; left--) {
            Frame answer = raw.read();
            Check.that(expected.remove(answer.id), "unexpected or second answer to " + answer.id);
            if (answer.id % 3 == 1) {
                Check.equal("command of the ack", 0, answer.command);
            } else {
                RawConnection.checkEcho(answer.id, answer);
            }
        }
        raw.expectOpen(Frame.request("v2.2+crc", 100));
        return "30 requests, 30 oneways and 30 heartbeats in one write";
    }

    private static String mixedVersions(RawConnection raw, boolean java) throws Exception {
        StringBuilder seen = new StringBuilder();
        for (int id = 1; id <= 8; id++) {
            String form = FORMS[(id - 1) % FORMS.length];
            raw.send(Frame.request(form, id));
            Frame answer = raw.read();
            RawConnection.checkEcho(id, answer);
            Check.that(java || answer.form().equals(form), form + " was answered in " + answer.form());
            seen.append(form).append(">").append(answer.form()).append(' ');
        }
        return seen.toString().trim();
    }

    private static String heartbeat(RawConnection raw, boolean java) throws Exception {
        int id = 0;
        for (String form : FORMS) {
            for (int type : new int[] {Frame.REQUEST, Frame.ONEWAY}) {
                Frame beat = Frame.request(form, ++id).heartbeat();
                beat.type = type;
                // A CRC is unusual on a heartbeat, and allowed.
                beat.switches = form.equals("v2.2+crc") ? 1 : 0;
                raw.send(beat);
                Frame ack = raw.read();
                Check.equal("id", id, ack.id);
                Check.equal("type", Frame.RESPONSE, ack.type);
                Check.equal("command", 0, ack.command);
                Check.equal("status", 0, ack.status);
                Check.equal("switch", 0, ack.switches);
                Check.equal("class", "", ack.className);
                Check.equal("content", 0, ack.content.length);
            }
        }
        raw.expectOpen(Frame.request("v1", 99));
        return id + " heartbeats";
    }

    private static String nullAnswer(RawConnection raw, boolean java) throws Exception {
        raw.send(Frame.request("v2.2+crc", 1).object("NullRequest", "msg", "n"));
        Frame answer = raw.read();
        Check.equal("form", "v2.2+crc", answer.form());
        Check.equal("status", 0, answer.status);
        Check.equal("class", "", answer.className);
        Check.equal("content", 0, answer.content.length);
        Check.equal("length of the frame", 26, answer.bytes().length);
        return "no class, no content";
    }

    private static String switches(RawConnection raw, boolean java) throws Exception {
        for (int switches : new int[] {0, 1, 2, 3, 0x7e, 0x7f}) {
            Frame request = Frame.request("v2.2", 1);
            request.switches = switches;
            request.commandVersion = 7;
            raw.send(request);
            Frame answer = raw.read();
            RawConnection.checkEcho(1, answer);
            Check.equal("switch", switches, answer.switches);
        }
        return "each answer has its request's switch";
    }

    /** The class of an answer is that of its Hessian form, whatever the request's class was. */
    private static String answerClass(RawConnection raw, boolean java) throws Exception {
        byte[] seven = {(byte) 0x97};
        byte[] half = {0x6b, 0x3f, 0, 0, 0};
        byte[] letter = {1, 'x'};
        Object[][] cases = {{"java.lang.Integer", seven, "java.lang.Integer"}, {"java.lang.Short", seven, "java.lang.Integer"},
            {"java.lang.Byte", seven, "java.lang.Integer"}, {"java.lang.Float", half, "java.lang.Double"},
            {"java.lang.Double", half, "java.lang.Double"}, {"java.lang.Character", letter, "java.lang.String"}};
        for (Object[] row : cases) {
            Frame request = Frame.request("v1", 1);
            request.className = (String) row[0];
            request.content = (byte[]) row[1];
            raw.send(request);
            Frame answer = raw.read();
            Check.equal("status for " + row[0], 0, answer.status);
            Check.equal("class for " + row[0], row[2], answer.className);
            Check.equal("content for " + row[0], row[1], answer.content);
        }
        return cases.length + " classes";
    }

    private static String timeoutField(RawConnection raw, boolean java) throws Exception {
        int[] timeouts = {0, -1, 47, 40};
        // -1, 0, 40 and 47 are one byte in Hessian.
        for (int timeout : timeouts) {
            Frame request = Frame.request("v1", 1).object("StatsRequest", "key", "@timeout");
            request.timeout = timeout;
            raw.send(request);
            Frame answer = raw.read();
            Check.equal("status with timeout " + timeout, 0, answer.status);
            Check.equal("class", "java.lang.Integer", answer.className);
            Check.equal("content with timeout " + timeout, new byte[] {(byte) (0x90 + timeout)}, answer.content);
        }
        return "0 and less mean no deadline";
    }

    private interface Change {
        void apply(Frame frame);
    }

    /** An error answer: a status, an RpcServerException, and neither switch nor CRC. */
    private static String error(RawConnection raw, Change change, int status, String text) throws Exception {
        Frame request = Frame.request("v2.2+crc", 1);
        change.apply(request);
        raw.send(request);
        Frame answer = raw.read();
        Check.equal("id", 1, answer.id);
        Check.equal("form", "v2.2", answer.form());
        Check.equal("status", status, answer.status);
        Check.equal("switch", 0, answer.switches);
        Check.equal("codec", 1, answer.codec);
        Check.equal("class", SERVER_EXCEPTION, answer.className);
        String content = new String(answer.content, StandardCharsets.UTF_8);
        Check.that(content.contains("detailMessage") && content.contains(text), "the content lacks `" + text + "`");
        raw.expectOpen(Frame.request("v2.2+crc", 2));
        return "status 0x" + Integer.toHexString(status) + " with " + answer.content.length + " bytes";
    }

    private static String onewayError(RawConnection raw, boolean java) throws Exception {
        Frame unknown = Frame.request("v2.2+crc", 1);
        unknown.type = Frame.ONEWAY;
        unknown.className = "peer.bolt.UnknownRequest";
        raw.send(unknown);
        Frame garbage = Frame.request("v2.2+crc", 2);
        garbage.type = Frame.ONEWAY;
        garbage.content = new byte[] {0x43, -1};
        raw.send(garbage);
        Thread.sleep(200);
        raw.expectOpen(Frame.request("v2.2+crc", 3));
        return "no answer to oneways";
    }

    private static String brokenOff(Env env) throws Exception {
        byte[] bytes = Frame.request("v2.2+crc", 1).bytes();
        for (int length : new int[] {0, 1, 2, 23, 24, bytes.length - 1}) {
            try (RawConnection raw = new RawConnection(env)) {
                raw.send(java.util.Arrays.copyOf(bytes, length));
            }
        }
        try (RawConnection raw = new RawConnection(env)) {
            raw.expectOpen(Frame.request("v2.2+crc", 1));
        }
        return "the server lives on";
    }
}
