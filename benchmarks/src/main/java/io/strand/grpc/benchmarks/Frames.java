package io.strand.grpc.benchmarks;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;

/**
 * The frames of HTTP/2 (RFC 9113) that a client of a gRPC server needs.
 */
final class Frames {

	static final byte[] PREFACE = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".getBytes(StandardCharsets.US_ASCII);

	static final int DATA = 0;

	static final int HEADERS = 1;

	static final int RST_STREAM = 3;

	static final int SETTINGS = 4;

	static final int PING = 6;

	static final int GOAWAY = 7;

	static final int WINDOW_UPDATE = 8;

	static final int END_STREAM = 1;

	static final int ACK = 1;

	static final int END_HEADERS = 4;

	/** The length in bytes of what is before each frame's payload. */
	static final int HEADER = 9;

	/** The most bytes of payload. */
	static final int MAX = 16384;

	/** How many bytes of messages may be sent before the peer has named a number. */
	static final int DEFAULT_WINDOW = 65535;

	/** Refers to what the first ones left in the table of HPACK (RFC 7541). */
	private static final byte[] nextHeaders = { (byte) 0x83, (byte) 0x86, (byte) 0xC2, (byte) 0xC1, (byte) 0xC0,
			(byte) 0xBF, (byte) 0xBE };

	private Frames() {
	}

	/** What is before a frame's payload. */
	static void put(ByteBuffer out, int length, int type, int flags, int stream) {
		out.putInt(length << 8 | type);
		out.put((byte) flags);
		out.putInt(stream);
	}

	static void putWindowUpdate(ByteBuffer out, int stream, int bytes) {
		put(out, 4, WINDOW_UPDATE, 0, stream);
		out.putInt(bytes);
	}

	/** The headers of the first call of a connection. */
	static byte[] firstHeaders(String method) {
		ByteArrayOutputStream block = new ByteArrayOutputStream();
		block.write(0x83); // :method POST
		block.write(0x86); // :scheme http
		literal(block, 0x44, "/" + method); // :path
		literal(block, 0x41, "localhost"); // :authority
		literal(block, 0x5F, "application/grpc"); // content-type
		block.write(0x40);
		text(block, "te");
		text(block, "trailers");
		literal(block, 0x7A, "frame-load"); // user-agent
		return block.toByteArray();
	}

	/** The headers of every later call of the same method. */
	static byte[] nextHeaders() {
		return nextHeaders;
	}

	private static void literal(ByteArrayOutputStream block, int name, String value) {
		block.write(name);
		text(block, value);
	}

	private static void text(ByteArrayOutputStream block, String text) {
		block.write(text.length());
		block.writeBytes(text.getBytes(StandardCharsets.US_ASCII));
	}

	/** A message as it is sent in a gRPC call. */
	static byte[] body(byte[] message) {
		return ByteBuffer.allocate(5 + message.length).put((byte) 0).putInt(message.length).put(message).array();
	}

}
