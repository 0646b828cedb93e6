package io.strand.grpc.benchmarks;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ProtocolException;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.util.ArrayDeque;
import java.util.HashMap;
import java.util.Map;
import java.util.Queue;
import java.util.Random;

import com.google.protobuf.ByteString;

/**
 * Large unary requests on one connection, always so many of them in flight, that arrive
 * interleaved at the speed of a link, as they do from another machine. Ready-made HTTP/2
 * frames, sent by one thread, so that the client takes next to no CPU. The first requests
 * are of random lengths, the same in each run, so that callers that know nothing of each
 * other do not end at the same moment, nor one after the other as if they had agreed.
 */
final class LargeFrameLoad implements Load {

	private static final int INITIAL_WINDOW_SIZE = 4;

	/** What the link sends at once after a moment in which nothing was sent. */
	private static final int BURST = 256 * 1024;

	private final Selector selector = Selector.open();

	private final SocketChannel socket;

	private final byte[] firstHeaders = Frames.firstHeaders(BenchGrpc.getUnaryMethod().getFullMethodName());

	private final int payload;

	private final byte[] body;

	private final int inFlight;

	private final double bytesPerNano;

	private final ByteBuffer in = ByteBuffer.allocateDirect(1 << 18);

	private final ByteBuffer out = ByteBuffer.allocateDirect(1 << 18);

	private final Thread thread = new Thread(this::run, "large-frame-load");

	private final Random random = new Random(42);

	private final Map<Integer, Upload> uploads = new HashMap<>();

	/** Those that are not sent yet, in turn. */
	private final Queue<Upload> turns = new ArrayDeque<>();

	private int lastStream = -1;

	private long window = Frames.DEFAULT_WINDOW;

	private int windowOfStream = Frames.DEFAULT_WINDOW;

	private double budget;

	private long answers;

	private volatile long done;

	private volatile boolean stopped;

	/**
	 * Connects.
	 * @param port the port of the server
	 * @param payload how many bytes a request carries
	 * @param inFlight how many requests are in flight
	 * @param megabytesPerSecond the speed of the link; zero for none but the machine's
	 */
	LargeFrameLoad(int port, int payload, int inFlight, int megabytesPerSecond) throws IOException {
		this.payload = payload;
		this.body = body(payload);
		this.inFlight = inFlight;
		this.bytesPerNano = megabytesPerSecond / 1e3;
		this.socket = SocketChannel.open(new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
		this.socket.setOption(StandardSocketOptions.TCP_NODELAY, true);
		this.socket.configureBlocking(false);
	}

	private static byte[] body(int payload) {
		return Frames
			.body(Request.newBuilder().setPayload(ByteString.copyFrom(new byte[payload])).build().toByteArray());
	}

	@Override
	public void start() {
		this.thread.start();
	}

	private void run() {
		try {
			SelectionKey key = this.socket.register(this.selector, SelectionKey.OP_READ);
			this.out.put(Frames.PREFACE);
			Frames.put(this.out, 0, Frames.SETTINGS, 0, 0);
			for (int i = 0; i < this.inFlight; i++) {
				call(body(1 + this.random.nextInt(this.payload)));
			}
			long before = System.nanoTime();
			while (!this.stopped) {
				long now = System.nanoTime();
				this.budget = isUnlimited() ? BURST : Math.min(this.budget + (now - before) * this.bytesPerNano, BURST);
				before = now;
				read();
				send();
				key.interestOps(write() ? SelectionKey.OP_READ : SelectionKey.OP_READ | SelectionKey.OP_WRITE);
				this.selector.select((ready) -> {
				}, 1); // in milliseconds
			}
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
	}

	private boolean isUnlimited() {
		return this.bytesPerNano == 0;
	}

	private void call(byte[] request) {
		this.lastStream += 2;
		byte[] headers = (this.lastStream == 1) ? this.firstHeaders : Frames.nextHeaders();
		Frames.put(this.out, headers.length, Frames.HEADERS, Frames.END_HEADERS, this.lastStream);
		this.out.put(headers);
		Upload upload = new Upload(this.lastStream, request, this.windowOfStream);
		this.uploads.put(upload.stream, upload);
		this.turns.add(upload);
	}

	/** One frame of each in turn, as far as windows, link and buffer allow. */
	private void send() {
		int left = this.turns.size();
		while (left > 0 && this.budget > 0 && this.window > 0 && this.out.remaining() > 2 * Frames.MAX) {
			Upload upload = this.turns.remove();
			int length = (int) Math.min(Math.min(Frames.MAX, this.window), upload.sendable());
			if (length <= 0) {
				this.turns.add(upload);
				left--;
				continue;
			}
			boolean last = upload.send(this.out, length);
			this.window -= length;
			this.budget -= length;
			if (!last) {
				this.turns.add(upload);
			}
			left = this.turns.size();
		}
	}

	private boolean write() throws IOException {
		this.out.flip();
		this.socket.write(this.out);
		this.out.compact();
		return this.out.position() == 0;
	}

	private void read() throws IOException {
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
			received(this.in.get(start + 3), this.in.get(start + 4), this.in.getInt(start + 5), start + Frames.HEADER,
					length);
			this.in.position(start + Frames.HEADER + length);
		}
		this.in.compact();
	}

	private void received(int type, int flags, int stream, int start, int length) throws IOException {
		switch (type) {
			case Frames.DATA -> {
				this.answers++;
				Frames.putWindowUpdate(this.out, 0, length);
			}
			case Frames.HEADERS -> {
				if ((flags & Frames.END_STREAM) != 0) {
					this.uploads.remove(stream);
					if (this.answers <= this.done) {
						throw new ProtocolException("A call ended without an answer");
					}
					this.done = this.done + 1;
					call(this.body);
				}
			}
			case Frames.SETTINGS -> {
				if ((flags & Frames.ACK) == 0) {
					settings(start, length);
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
				if (stream == 0) {
					this.window += this.in.getInt(start);
				}
				else if (this.uploads.containsKey(stream)) {
					this.uploads.get(stream).window += this.in.getInt(start);
				}
			}
			case Frames.RST_STREAM, Frames.GOAWAY -> throw new ProtocolException(
					"The server ended a stream or the connection with error " + this.in.getInt(start));
			default -> {
				// Not for the likes of us
			}
		}
	}

	private void settings(int start, int length) {
		for (int i = start; i < start + length; i += 6) {
			if (this.in.getShort(i) == INITIAL_WINDOW_SIZE) {
				int change = this.in.getInt(i + 2) - this.windowOfStream;
				this.windowOfStream += change;
				this.uploads.values().forEach((upload) -> upload.window += change);
			}
		}
	}

	@Override
	public long done() {
		return this.done;
	}

	@Override
	public long failed() {
		return this.thread.isAlive() ? 0 : 1;
	}

	@Override
	public void close() throws IOException, InterruptedException {
		this.stopped = true;
		this.selector.wakeup();
		this.thread.join(5000);
		this.socket.close();
		this.selector.close();
	}

	/** A request on its way. */
	private static final class Upload {

		private final int stream;

		private final byte[] request;

		private int sent;

		private long window;

		Upload(int stream, byte[] request, int window) {
			this.stream = stream;
			this.request = request;
			this.window = window;
		}

		long sendable() {
			return Math.min(this.request.length - this.sent, this.window);
		}

		/** Whether that was the last frame. */
		boolean send(ByteBuffer out, int length) {
			boolean last = this.sent + length == this.request.length;
			Frames.put(out, length, Frames.DATA, last ? Frames.END_STREAM : 0, this.stream);
			out.put(this.request, this.sent, length);
			this.sent += length;
			this.window -= length;
			return last;
		}

	}

}
