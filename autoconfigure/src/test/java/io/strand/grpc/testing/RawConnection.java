package io.strand.grpc.testing;

import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

import org.jspecify.annotations.Nullable;

/**
 * A connection whose HTTP/2 frames (RFC 9113) are written and read by a test, so that
 * they may be wrong. Reads end after twenty seconds.
 */
public final class RawConnection implements AutoCloseable {

	public static final int DATA = 0;

	public static final int HEADERS = 1;

	public static final int RST_STREAM = 3;

	public static final int SETTINGS = 4;

	public static final int PING = 6;

	public static final int GOAWAY = 7;

	public static final int WINDOW_UPDATE = 8;

	public static final int END_STREAM = 1;

	public static final int ACK = 1;

	public static final int END_HEADERS = 4;

	private static final byte[] PREFACE = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".getBytes(StandardCharsets.US_ASCII);

	private final Socket socket;

	private final DataInputStream in;

	private final OutputStream out;

	private int lastStream = -1;

	private RawConnection(Socket socket) throws IOException {
		this.socket = socket;
		socket.setTcpNoDelay(true);
		socket.setSoTimeout(20_000);
		this.in = new DataInputStream(socket.getInputStream());
		this.out = socket.getOutputStream();
	}

	/** Connects, and says nothing. */
	public static RawConnection silent(int port) throws IOException {
		return new RawConnection(new Socket(InetAddress.getLoopbackAddress(), port));
	}

	/** Connects as a client with these settings, pairs of name and value. */
	public static RawConnection open(int port, int... settings) throws IOException {
		return open(new Socket(InetAddress.getLoopbackAddress(), port), settings);
	}

	/** Uses a connection, of TLS if the socket is, as a client with these settings. */
	public static RawConnection open(Socket connected, int... settings) throws IOException {
		RawConnection connection = new RawConnection(connected);
		connection.out.write(PREFACE);
		ByteBuffer payload = ByteBuffer.allocate(settings.length * 3);
		for (int i = 0; i < settings.length; i += 2) {
			payload.putShort((short) settings[i]).putInt(settings[i + 1]);
		}
		connection.write(SETTINGS, 0, 0, payload.array());
		return connection;
	}

	/** Takes the next connection of a client, as a server without settings. */
	public static RawConnection accept(ServerSocket listener) throws IOException {
		listener.setSoTimeout(20_000);
		RawConnection connection = new RawConnection(listener.accept());
		connection.in.readNBytes(PREFACE.length);
		connection.write(SETTINGS, 0, 0);
		return connection;
	}

	public void write(int type, int flags, int stream, byte... payload) throws IOException {
		this.out.write(ByteBuffer.allocate(9 + payload.length)
			.putInt(payload.length << 8 | type)
			.put((byte) flags)
			.putInt(stream)
			.put(payload)
			.array());
	}

	/** Writes what need not be a frame. */
	public void writeBytes(byte[] bytes) throws IOException {
		this.out.write(bytes);
	}

	public static byte[] intPayload(int value) {
		return ByteBuffer.allocate(4).putInt(value).array();
	}

	/** Begins a call and leaves it open. */
	public int headers(String method, String... more) throws IOException {
		this.lastStream += 2;
		write(HEADERS, END_HEADERS, this.lastStream, headerBlock(method, more));
		return this.lastStream;
	}

	/** Begins to answer a call of a client. */
	public void answer(int stream) throws IOException {
		ByteArrayOutputStream block = new ByteArrayOutputStream();
		block.write(0x88); // :status 200
		field(block, "content-type", "application/grpc");
		write(HEADERS, END_HEADERS, stream, block.toByteArray());
	}

	/** Makes a unary call with an empty message. */
	public int call(String method, String... more) throws IOException {
		int stream = headers(method, more);
		write(DATA, END_STREAM, stream, new byte[5]);
		return stream;
	}

	public static byte[] headerBlock(String method, String... more) {
		ByteArrayOutputStream block = new ByteArrayOutputStream();
		block.write(0x83); // :method POST
		block.write(0x86); // :scheme http
		block.write(0x04); // :path
		text(block, "/" + method);
		block.write(0x01); // :authority
		text(block, "localhost");
		field(block, "content-type", "application/grpc");
		boolean te = true;
		for (int i = 0; i < more.length; i += 2) {
			field(block, more[i], more[i + 1]);
			te &= !more[i].equals("te");
		}
		if (te) {
			field(block, "te", "trailers");
		}
		return block.toByteArray();
	}

	private static void field(ByteArrayOutputStream block, String name, String value) {
		block.write(0);
		text(block, name);
		text(block, value);
	}

	private static void text(ByteArrayOutputStream block, String text) {
		byte[] bytes = text.getBytes(StandardCharsets.ISO_8859_1);
		if (bytes.length < 127) {
			block.write(bytes.length);
		}
		else {
			block.write(127);
			int rest = bytes.length - 127;
			while (rest >= 128) {
				block.write(rest % 128 + 128);
				rest /= 128;
			}
			block.write(rest);
		}
		block.writeBytes(bytes);
	}

	/** Reads a frame, answering settings and pings. */
	public Frame read() throws IOException {
		while (true) {
			int start = this.in.readInt();
			int flags = this.in.read();
			int stream = this.in.readInt();
			byte[] payload = this.in.readNBytes(start >>> 8);
			int type = start & 0xFF;
			if ((type == SETTINGS || type == PING) && (flags & ACK) == 0) {
				acknowledge(type, (type == PING) ? payload : new byte[0]);
			}
			if (type != SETTINGS || (flags & ACK) == 0) {
				return new Frame(type, flags, stream, payload);
			}
		}
	}

	private void acknowledge(int type, byte[] payload) throws IOException {
		try {
			write(type, ACK, 0, payload);
		}
		catch (SocketException ex) {
			// The server has closed the connection; what it said before is still to be
			// read
		}
	}

	/** Reads until there is a frame of the type. */
	public Frame read(int type) throws IOException {
		Frame frame = read();
		while (frame.type() != type) {
			frame = read();
		}
		return frame;
	}

	/**
	 * Reads until the server closes the connection. If it does so with something unread,
	 * be it an acknowledgement, the system may reset the connection and throw away what
	 * the server has said last.
	 * @return its GOAWAY, or {@code null} if that was thrown away
	 */
	public @Nullable Frame readEnd() throws IOException {
		Frame end = null;
		try {
			while (true) {
				Frame frame = read();
				end = (frame.type() == GOAWAY) ? frame : end;
			}
		}
		catch (EOFException | SocketException ex) {
			// A read that takes too long is neither
			return end;
		}
	}

	/**
	 * Reads all that the server has sent until it closes the connection, which it must do
	 * in order: a reset is an exception.
	 */
	public List<Frame> readAll() throws IOException {
		List<Frame> frames = new ArrayList<>();
		try {
			while (true) {
				frames.add(read());
			}
		}
		catch (EOFException ex) {
			return frames;
		}
	}

	/** Reads all that has come when the connection is closed, or reset. */
	public List<Frame> readUntilClosed() throws IOException {
		List<Frame> frames = new ArrayList<>();
		try {
			while (true) {
				frames.add(read());
			}
		}
		catch (EOFException | SocketException ex) {
			// A read that takes too long is neither
			return frames;
		}
	}

	/** Reads until the server closes the connection. */
	public void awaitClosed() throws IOException {
		try {
			while (true) {
				read();
			}
		}
		catch (EOFException | SocketException ex) {
			// That is what was waited for; a read that takes too long is neither
		}
	}

	@Override
	public void close() throws IOException {
		this.socket.close();
	}

	/**
	 * A frame that the server sent.
	 *
	 * @param type the type
	 * @param flags the flags
	 * @param stream the number of the stream
	 * @param payload what is in it
	 */
	public record Frame(int type, int flags, int stream, byte[] payload) {

		/** The error of a reset, or of the end of the connection. */
		public int error() {
			return ByteBuffer.wrap(this.payload).getInt((this.type == GOAWAY) ? 4 : 0);
		}

	}

}
