package io.strand.grpc.client;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.BindException;
import java.time.Duration;
import java.util.concurrent.ThreadLocalRandom;

import io.grpc.BindableService;
import io.grpc.InsecureServerCredentials;
import io.grpc.netty.shaded.io.grpc.netty.NettyServerBuilder;

/**
 * A plain gRPC server, without Strand, that can be started again on its port.
 */
final class RestartableServer implements AutoCloseable {

	/**
	 * Ports that systems do not give to outgoing connections: while the server is down,
	 * nobody takes its port.
	 */
	private static final int FIRST_PORT = 20_000;

	private static final int LAST_PORT = 30_000;

	private final BindableService[] services;

	private final int port;

	private volatile RecordingServer running;

	RestartableServer(BindableService... services) {
		this.services = services;
		this.running = startOnFreePort();
		this.port = this.running.port();
	}

	private RecordingServer startOnFreePort() {
		for (int i = 0; i < 100; i++) {
			try {
				return start(ThreadLocalRandom.current().nextInt(FIRST_PORT, LAST_PORT));
			}
			catch (UncheckedIOException ex) {
				if (!isTaken(ex)) {
					throw ex;
				}
			}
		}
		throw new IllegalStateException("No port is free");
	}

	private static boolean isTaken(UncheckedIOException failure) {
		IOException cause = failure.getCause();
		return cause instanceof BindException || cause.getCause() instanceof BindException;
	}

	private RecordingServer start(int port) {
		RecordingServer server = RecordingServer
			.start(NettyServerBuilder.forPort(port, InsecureServerCredentials.create()), this.services);
		server.forgetCalls();
		return server;
	}

	int port() {
		return this.port;
	}

	/** Calls and connections of the server since it was last started. */
	RecordingServer running() {
		return this.running;
	}

	void start() {
		this.running = start(this.port);
	}

	/** Breaks all connections and calls. */
	void kill() {
		this.running.close();
	}

	boolean stop(Duration gracePeriod) throws InterruptedException {
		return this.running.stop(gracePeriod);
	}

	@Override
	public void close() {
		kill();
	}

}
