package io.strand.grpc.benchmarks;

import java.io.IOException;
import java.net.ProtocolException;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;

/**
 * One HTTP/2 connection with so many equal unary calls in flight, each followed by the
 * next (RFC 9113; the few kinds of frames that gRPC servers send). A call was answered if
 * a message came before its end. Used by one thread; the counts may be read by others.
 */
final class FrameConnection {

	/** What the server may send before it hears that more is welcome. */
	private static final int WINDOW = 1 << 30;

	private final SocketChannel socket;

	private final byte[] firstHeaders;

	private final byte[] body;

	private final int inFlight;

	private final ByteBuffer in = ByteBuffer.allocateDirect(1 << 18);

	private final ByteBuffer out;

	private int lastStream = -1;

	/** How many bytes of messages the server takes before it says that it takes more. */
	private long sendWindow = Frames.DEFAULT_WINDOW;

	/** Calls that wait for the window. */
	private int waiting;

	private int received;

	private long messages;

	private volatile long done;

	private volatile long failed;

	FrameConnection(SocketChannel socket, String method, byte[] message, int inFlight) throws IOException {
		this.socket = socket;
		this.firstHeaders = Frames.firstHeaders(method);
		this.body = Frames.body(message);
		this.inFlight = inFlight;
		int call = 2 * Frames.HEADER + this.firstHeaders.length + this.body.length;
		this.out = ByteBuffer.allocateDirect(inFlight * call + 4 * Frames.MAX);
		socket.setOption(StandardSocketOptions.TCP_NODELAY, true);
		socket.configureBlocking(false);
	}

	void start() throws IOException {
		this.out.put(Frames.PREFACE);
		Frames.put(this.out, 0, Frames.SETTINGS, 0, 0);
		Frames.putWindowUpdate(this.out, 0, WINDOW);
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
		byte[] headers = (this.lastStream == 1) ? this.firstHeaders : Frames.nextHeaders();
		Frames.put(this.out, headers.length, Frames.HEADERS, Frames.END_HEADERS, this.lastStream);
		this.out.put(headers);
		Frames.put(this.out, this.body.length, Frames.DATA, Frames.END_STREAM, this.lastStream);
		this.out.put(this.body);
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
		while (this.in.remaining() >= Frames.HEADER) {
			int start = this.in.position();
			int length = this.in.getInt(start) >>> 8;
			if (this.in.remaining() < Frames.HEADER + length) {
				break;
			}
			int type = this.in.get(start + 3);
			int flags = this.in.get(start + 4);
			received(type, flags, start + Frames.HEADER, length);
			this.in.position(start + Frames.HEADER + length);
		}
		this.in.compact();
		return write();
	}

	private void received(int type, int flags, int start, int length) throws IOException {
		switch (type) {
			case Frames.DATA -> {
				this.messages++;
				openWindow(length);
			}
			case Frames.HEADERS -> {
				if ((flags & Frames.END_STREAM) != 0) {
					ended();
				}
			}
			case Frames.SETTINGS -> {
				if ((flags & Frames.ACK) == 0) {
					Frames.put(this.out, 0, Frames.SETTINGS, Frames.ACK, 0);
				}
			}
			case Frames.PING -> {
				if ((flags & Frames.ACK) == 0) {
					Frames.put(this.out, length, Frames.PING, Frames.ACK, 0);
					this.out.putLong(this.in.getLong(start));
				}
			}
			case Frames.WINDOW_UPDATE -> {
				// Those of a stream are larger than its one message
				if (this.in.getInt(start - 4) == 0) {
					this.sendWindow += this.in.getInt(start);
					callWaiting();
				}
			}
			case Frames.RST_STREAM, Frames.GOAWAY -> throw new ProtocolException(
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
			Frames.putWindowUpdate(this.out, 0, this.received);
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
