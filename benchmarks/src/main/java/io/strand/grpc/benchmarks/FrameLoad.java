package io.strand.grpc.benchmarks;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;

/**
 * The load of {@link UnaryLoad} from a client that takes next to no CPU: ready-made
 * HTTP/2 frames, written and counted by one thread, and no gRPC. Server and client share
 * the cores, so what a client takes blurs what servers differ in.
 */
final class FrameLoad implements Load {

	private final Selector selector;

	private final FrameConnection[] connections;

	private final Thread thread = new Thread(this::run, "frame-load");

	private volatile boolean stopped;

	FrameLoad(int port, int connections, int inFlightPerConnection, int blockMillis) throws IOException {
		byte[] message = Request.newBuilder().setNumber(42).setBlockMillis(blockMillis).build().toByteArray();
		this.selector = Selector.open();
		this.connections = new FrameConnection[connections];
		for (int i = 0; i < connections; i++) {
			SocketChannel socket = SocketChannel.open(new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
			this.connections[i] = new FrameConnection(socket, BenchGrpc.getUnaryMethod().getFullMethodName(), message,
					inFlightPerConnection);
			socket.register(this.selector, SelectionKey.OP_READ, this.connections[i]);
		}
	}

	@Override
	public void start() {
		this.thread.start();
	}

	private void run() {
		try {
			for (FrameConnection connection : this.connections) {
				connection.start();
			}
			while (!this.stopped) {
				this.selector.select((key) -> readAndWrite((FrameConnection) key.attachment(), key), 100);
			}
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
	}

	private static void readAndWrite(FrameConnection connection, SelectionKey key) {
		try {
			boolean allWritten = connection.readAndWrite();
			key.interestOps(allWritten ? SelectionKey.OP_READ : SelectionKey.OP_READ | SelectionKey.OP_WRITE);
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
	}

	@Override
	public long done() {
		long sum = 0;
		for (FrameConnection connection : this.connections) {
			sum += connection.done();
		}
		return sum;
	}

	@Override
	public long failed() {
		long sum = this.thread.isAlive() ? 0 : 1;
		for (FrameConnection connection : this.connections) {
			sum += connection.failed();
		}
		return sum;
	}

	@Override
	public void close() throws InterruptedException, IOException {
		this.stopped = true;
		this.selector.wakeup();
		this.thread.join(5000);
		for (FrameConnection connection : this.connections) {
			connection.close();
		}
		this.selector.close();
	}

}
