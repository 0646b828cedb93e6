package io.strand.grpc.testing;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;

/**
 * Stands between a client and a server, and can cut connections or lose what they carry.
 */
public final class TcpProxy implements AutoCloseable {

	private final ServerSocket listener;

	private final int target;

	private final Queue<Socket> sockets = new ConcurrentLinkedQueue<>();

	private final Thread accepting;

	private volatile Object present = new Object();

	public TcpProxy(int target) {
		this.target = target;
		try {
			this.listener = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
		this.accepting = start(this::accept);
	}

	public int port() {
		return this.listener.getLocalPort();
	}

	private void accept() {
		try {
			while (true) {
				Socket client = this.listener.accept();
				Socket server = new Socket(InetAddress.getLoopbackAddress(), this.target);
				this.sockets.add(client);
				this.sockets.add(server);
				Object made = this.present;
				start(() -> pump(client, server, made));
				start(() -> pump(server, client, made));
			}
		}
		catch (IOException ex) {
			// Closed
		}
	}

	private void pump(Socket from, Socket to, Object made) {
		byte[] bytes = new byte[8192];
		try {
			int count = from.getInputStream().read(bytes);
			while (count >= 0) {
				if (made == this.present) {
					to.getOutputStream().write(bytes, 0, count);
				}
				count = from.getInputStream().read(bytes);
			}
		}
		catch (IOException ex) {
			// Cut
		}
		if (made == this.present) {
			closeQuietly(from);
			closeQuietly(to);
		}
	}

	private static void closeQuietly(Socket socket) {
		try {
			socket.close();
		}
		catch (IOException ex) {
			// It is of no use any more
		}
	}

	/**
	 * From here on, the present connections lose whatever is sent, and also that one side
	 * has closed them, as if a router between the two were gone. New ones work.
	 */
	public void freeze() {
		this.present = new Object();
	}

	private static Thread start(Runnable task) {
		Thread thread = new Thread(task, "tcp-proxy");
		thread.setDaemon(true);
		thread.start();
		return thread;
	}

	/** Cuts all connections, and takes no more. */
	@Override
	public void close() {
		try {
			this.listener.close();
			// Who accepts at that moment may still get a connection
			this.accepting.join();
			for (Socket socket : this.sockets) {
				socket.close();
			}
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
		catch (InterruptedException ex) {
			Thread.currentThread().interrupt();
		}
	}

}
