package io.strand.grpc.benchmarks;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.ProtocolException;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;

/**
 * One HTTP/2 connection with so many equal unary calls in flight, each followed by the
 * next (RFC 9113; the few kinds of frames that gRPC servers send). A call was answered if
 * a message came before its end. Used by one thread; the counts may be read by others.
 */
final class FrameConnection {

	private static final byte[] PREFACE = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".getBytes(StandardCharsets.US_ASCII);

	private static final int DATA = 0;

	private static final int HEADERS = 1;

	private static final int RST_STREAM = 3;

	private static final int SETTINGS = 4;

	private static final int PING = 6;

	private static final int GOAWAY = 7;

	private static final int WINDOW_UPDATE = 8;

	private static final int END_STREAM = 1;

	private static final int ACK = 1;

	private static final int END_HEADERS = 4;

	private static final int FRAME_HEADER = 9;

	private static final int MAX_FRAME = 16384;

	private static final int DEFAULT_WINDOW = 65535;

	/** What the server may send before it hears that more is welcome. */
	private static final int WINDOW = 1 << 30;

	private final SocketChannel socket;

	private final byte[] firstHeaders;

	/** Refers to what the first ones left in the table of HPACK (RFC 7541). */
	private static final byte[] nextHeaders = { (byte) 0x83, (byte) 0x86, (byte) 0xC2, (byte) 0xC1, (byte) 0xC0,
			(byte) 0xBF, (byte) 0xBE };

	private final byte[] body;

	private final int inFlight;

	private final ByteBuffer in = ByteBuffer.allocateDirect(1 << 18);

	private final ByteBuffer out;

	private int lastStream = -1;

	/** How many bytes of messages the server takes before it says that it takes more. */
	private long sendWindow = DEFAULT_WINDOW;

	/** Calls that wait for the window. */
	private int waiting;

	private int received;

	private long messages;

	private volatile long done;

	private volatile long failed;

	FrameConnection(SocketChannel socket, String method, byte[] message, int inFlight) throws IOException {
		this.socket = socket;
		this.firstHeaders = headers(method);
		this.body = ByteBuffer.allocate(5 + message.length).put((byte) 0).putInt(message.length).put(message).array();
		this.inFlight = inFlight;
		int call = 2 * FRAME_HEADER + this.firstHeaders.length + this.body.length;
		this.out = ByteBuffer.allocateDirect(inFlight * call + 4 * MAX_FRAME);
		socket.setOption(StandardSocketOptions.TCP_NODELAY, true);
		socket.configureBlocking(false);
	}

	private static byte[] headers(String method) {
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

	private static void literal(ByteArrayOutputStream block, int name, String value) {
		block.write(name);
		text(block, value);
	}

	private static void text(ByteArrayOutputStream block, String text) {
		block.write(text.length());
		block.writeBytes(text.getBytes(StandardCharsets.US_ASCII));
	}

	void start() throws IOException {
		this.out.put(PREFACE);
		frame(0, SETTINGS, 0, 0);
		frame(4, WINDOW_UPDATE, 0, 0);
		this.out.putInt(WINDOW);
		for (int i = 0; i < this.inFlight; i++) {
			call();
		}
		write();
	}

	private void call() {
		if (this.sendWindow < this.body.length) {
			this.waiting++;
			return;
		}
		this.sendWindow -= this.body.length;
		this.lastStream += 2;
		byte[] headers = (this.lastStream == 1) ? this.firstHeaders : nextHeaders;
		frame(headers.length, HEADERS, END_HEADERS, this.lastStream);
		this.out.put(headers);
		frame(this.body.length, DATA, END_STREAM, this.lastStream);
		this.out.put(this.body);
	}

	private void frame(int length, int type, int flags, int stream) {
		this.out.putInt(length << 8 | type);
		this.out.put((byte) flags);
		this.out.putInt(stream);
	}

	/**
	 * Takes what the server has sent and sends the calls that follow.
	 * @return whether nothing is left to be written
	 */
	boolean readAndWrite() throws IOException {
		if (this.socket.read(this.in) < 0) {
			throw new ProtocolException("The server closed the connection");
		}
		this.in.flip();
		while (this.in.remaining() >= FRAME_HEADER) {
			int start = this.in.position();
			int length = this.in.getInt(start) >>> 8;
			if (this.in.remaining() < FRAME_HEADER + length) {
				break;
			}
			int type = this.in.get(start + 3);
			int flags = this.in.get(start + 4);
			received(type, flags, start + FRAME_HEADER, length);
			this.in.position(start + FRAME_HEADER + length);
		}
		this.in.compact();
		return write();
	}

	private void received(int type, int flags, int start, int length) throws IOException {
		switch (type) {
			case DATA -> {
				this.messages++;
				openWindow(length);
			}
			case HEADERS -> {
				if ((flags & END_STREAM) != 0) {
					ended();
				}
			}
			case SETTINGS -> {
				if ((flags & ACK) == 0) {
					frame(0, SETTINGS, ACK, 0);
				}
			}
			case PING -> {
				if ((flags & ACK) == 0) {
					frame(length, PING, ACK, 0);
					this.out.putLong(this.in.getLong(start));
				}
			}
			case WINDOW_UPDATE -> {
				// Those of a stream are larger than its one message
				if (this.in.getInt(start - 4) == 0) {
					this.sendWindow += this.in.getInt(start);
					callWaiting();
				}
			}
			case RST_STREAM, GOAWAY -> throw new ProtocolException(
					"The server ended a stream or the connection with error " + this.in.getInt(start));
			default -> {
				// Not for the likes of us
			}
		}
	}

	/** One message for each call: else an end came without one. */
	private void ended() {
		if (this.done + this.failed < this.messages) {
			this.done = this.done + 1;
		}
		else {
			this.failed = this.failed + 1;
		}
		call();
	}

	private void callWaiting() {
		int ready = this.waiting;
		this.waiting = 0;
		for (int i = 0; i < ready; i++) {
			call();
		}
	}

	private void openWindow(int length) {
		this.received += length;
		if (this.received > WINDOW / 2) {
			frame(4, WINDOW_UPDATE, 0, 0);
			this.out.putInt(this.received);
			this.received = 0;
		}
	}

	private boolean write() throws IOException {
		this.out.flip();
		this.socket.write(this.out);
		this.out.compact();
		return this.out.position() == 0;
	}

	long done() {
		return this.done;
	}

	long failed() {
		return this.failed;
	}

	void close() throws IOException {
		this.socket.close();
	}

}
