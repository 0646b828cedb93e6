package io.strand.grpc.testing;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.util.ArrayList;
import java.util.List;

/**
 * An address that neither takes nor refuses connections, as one behind a firewall: the
 * queue of those that nobody has accepted is full.
 */
public final class SilentHost implements AutoCloseable {

	private static final int MOST = 64;

	private final ServerSocket listener;

	private final List<Socket> queue = new ArrayList<>();

	public SilentHost() {
		try {
			this.listener = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
			fill();
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
	}

	private void fill() throws IOException {
		while (this.queue.size() < MOST) {
			Socket socket = new Socket();
			this.queue.add(socket);
			try {
				socket.connect(this.listener.getLocalSocketAddress(), 500);
			}
			catch (SocketTimeoutException ex) {
				return;
			}
		}
		throw new IOException("The system takes connections without end");
	}

	public int port() {
		return this.listener.getLocalPort();
	}

	@Override
	public void close() {
		try {
			this.listener.close();
			for (Socket socket : this.queue) {
				socket.close();
			}
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
	}

}
