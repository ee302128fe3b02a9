package peer.bolt;

import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.zip.CRC32;

/** A frame by hand: what SOFABolt's own encoder would never write can be written here too. */
final class Frame {
    static final int REQUEST = 1;
    static final int ONEWAY = 2;
    static final int RESPONSE = 0;

    int protocol = 1;
    int version = 1;
    int type = REQUEST;
    int command = 1;
    int commandVersion = 1;
    int id;
    int codec = 1;
    int switches;
    int timeout = 10_000;
    int status;
    String className = "java.lang.String";
    byte[] header = {};
    byte[] content = {1, 'x'};
    /** Written instead of the true lengths, if set. */
    Integer classLength;
    Integer contentLength;
    /** Xor-ed into the CRC. */
    int crcDamage;

    /** A request with the text `x`: v1, v2.1, or v2.2 with or without CRC. */
    static Frame request(String form, int id) {
        Frame frame = new Frame();
        frame.id = id;
        if (!form.equals("v1")) {
            frame.protocol = 2;
            frame.version = form.equals("v2.1") ? 1 : 2;
            frame.switches = form.equals("v2.2") ? 0 : 1;
        }
        return frame;
    }

    Frame heartbeat() {
        command = 0;
        timeout = -1;
        switches = 0;
        className = "";
        content = new byte[0];
        return this;
    }

    /** An object of draft Hessian with one String field. */
    Frame object(String simpleName, String field, String value) {
        className = "peer.bolt." + simpleName;
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        out.write('O');
        out.write(0x90 + className.length());
        ascii(out, className);
        out.write(0x91);
        out.write(field.length());
        ascii(out, field);
        out.write('o');
        out.write(0x90);
        out.write(value.length());
        ascii(out, value);
        content = out.toByteArray();
        return this;
    }

    private static void ascii(ByteArrayOutputStream out, String text) {
        byte[] bytes = text.getBytes(StandardCharsets.US_ASCII);
        out.write(bytes, 0, bytes.length);
    }

    boolean hasCrc() {
        return protocol == 2 && version == 2 && (switches & 1) == 1;
    }

    /** Such as v2.2+crc. */
    String form() {
        return protocol == 1 ? "v1" : "v2." + version + (hasCrc() ? "+crc" : "");
    }

    byte[] bytes() {
        try {
            ByteArrayOutputStream buffer = new ByteArrayOutputStream();
            DataOutputStream out = new DataOutputStream(buffer);
            byte[] name = className.getBytes(StandardCharsets.UTF_8);
            out.writeByte(protocol);
            if (protocol == 2) {
                out.writeByte(version);
            }
            out.writeByte(type);
            out.writeShort(command);
            out.writeByte(commandVersion);
            out.writeInt(id);
            out.writeByte(codec);
            if (protocol == 2) {
                out.writeByte(switches);
            }
            if (type == RESPONSE) {
                out.writeShort(status);
            } else {
                out.writeInt(timeout);
            }
            out.writeShort(classLength != null ? classLength : name.length);
            out.writeShort(header.length);
            out.writeInt(contentLength != null ? contentLength : content.length);
            out.write(name);
            out.write(header);
            out.write(content);
            if (hasCrc()) {
                out.writeInt(crc(buffer.toByteArray()) ^ crcDamage);
            }
            return buffer.toByteArray();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static int crc(byte[] bytes) {
        CRC32 crc = new CRC32();
        crc.update(bytes);
        return (int) crc.getValue();
    }

    /** Reads one frame; a CRC that does not match is a failure. */
    static Frame read(DataInputStream in) throws IOException {
        Frame frame = new Frame();
        frame.protocol = in.readUnsignedByte();
        Check.that(frame.protocol == 1 || frame.protocol == 2, "answer with protocol code " + frame.protocol);
        if (frame.protocol == 2) {
            frame.version = in.readUnsignedByte();
        }
        frame.type = in.readUnsignedByte();
        frame.command = in.readUnsignedShort();
        frame.commandVersion = in.readUnsignedByte();
        frame.id = in.readInt();
        frame.codec = in.readUnsignedByte();
        if (frame.protocol == 2) {
            frame.switches = in.readUnsignedByte();
        }
        if (frame.type == RESPONSE) {
            frame.status = in.readUnsignedShort();
            frame.timeout = 0;
        } else {
            frame.timeout = in.readInt();
        }
        byte[] name = new byte[in.readUnsignedShort()];
        frame.header = new byte[in.readUnsignedShort()];
        int length = in.readInt();
        Check.that(length >= 0 && length < 64 << 20, "answer with content length " + length);
        frame.content = new byte[length];
        in.readFully(name);
        in.readFully(frame.header);
        in.readFully(frame.content);
        frame.className = new String(name, StandardCharsets.UTF_8);
        if (frame.hasCrc()) {
            byte[] bytes = frame.bytes();
            int end = bytes.length - 4;
            int expected = (bytes[end] & 0xff) << 24 | (bytes[end + 1] & 0xff) << 16 | (bytes[end + 2] & 0xff) << 8
                | bytes[end + 3] & 0xff;
            Check.equal("CRC of the answer", expected, in.readInt());
        }
        return frame;
    }
}
