package peer.bolt;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelDuplexHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelPromise;

import java.util.Map;
import java.util.TreeMap;

/** Looks at the bytes of a connection and counts its frames by kind, such as `in v2.2+crc response`, and by status. */
final class Tap extends ChannelDuplexHandler {
    /** Counts of all connections of one client. */
    static final class Log {
        private final Map<String, Integer> counts = new TreeMap<>();

        private synchronized void add(String kind) {
            counts.merge(kind, 1, Integer::sum);
        }

        synchronized int get(String kind) {
            return counts.getOrDefault(kind, 0);
        }

        /** The sum over all kinds that begin and end so. */
        synchronized int sum(String start, String end) {
            return counts.entrySet().stream()
                .filter(e -> e.getKey().startsWith(start) && e.getKey().endsWith(end))
                .mapToInt(Map.Entry::getValue).sum();
        }

        @Override
        public synchronized String toString() {
            return counts.toString();
        }
    }

    private final Walker in;
    private final Walker out;

    Tap(Log log) {
        in = new Walker("in ", log);
        out = new Walker("out ", log);
    }

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) throws Exception {
        in.feed(message);
        super.channelRead(ctx, message);
    }

    @Override
    public void write(ChannelHandlerContext ctx, Object message, ChannelPromise promise) throws Exception {
        out.feed(message);
        super.write(ctx, message, promise);
    }

    /** Reads the fixed part of each frame and skips the rest. */
    private static final class Walker {
        private final String direction;
        private final Log log;
        private final byte[] head = new byte[24];
        private int have;
        private long skip;

        Walker(String direction, Log log) {
            this.direction = direction;
            this.log = log;
        }

        void feed(Object message) {
            if (!(message instanceof ByteBuf)) {
                return;
            }
            ByteBuf bytes = (ByteBuf) message;
            int end = bytes.writerIndex();
            int at = bytes.readerIndex();
            while (at < end) {
                if (skip > 0) {
                    int n = (int) Math.min(skip, end - at);
                    at += n;
                    skip -= n;
                    continue;
                }
                head[have++] = bytes.getByte(at++);
                if (have >= 3 && have == fixedLength()) {
                    frame();
                }
            }
        }

        /** In v2 a version byte follows the protocol, and a switch byte the codec. */
        private int shift() {
            return head[0] == 1 ? 0 : 1;
        }

        private int fixedLength() {
            int type = head[1 + shift()];
            return (type == 0 ? 20 : 22) + 2 * shift();
        }

        private void frame() {
            int shift = shift();
            boolean crc = shift == 1 && head[1] == 2 && (head[11] & 1) == 1;
            String version = head[0] == 1 ? "v1" : "v2." + head[1];
            boolean heartbeat = number(2 + shift, 2) == 0;
            int type = head[1 + shift];
            String kind = type == 0 ? heartbeat ? "ack" : "response"
                : heartbeat ? "heartbeat" : type == 2 ? "oneway" : "request";
            log.add(direction + version + (crc ? "+crc " : " ") + kind);
            if (type == 0) {
                log.add(direction + "status " + number(10 + 2 * shift, 2));
            }
            skip = number(have - 8, 2) + number(have - 6, 2) + number(have - 4, 4) + (crc ? 4 : 0);
            have = 0;
        }

        private long number(int at, int length) {
            long n = 0;
            for (int i = at; i < at + length; i++) {
                n = n << 8 | head[i] & 0xff;
            }
            return n;
        }
    }
}
