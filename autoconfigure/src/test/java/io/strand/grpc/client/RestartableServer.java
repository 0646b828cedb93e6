package io.strand.grpc.client;

import java.time.Duration;
import java.util.function.IntFunction;

import io.grpc.BindableService;
import io.grpc.InsecureServerCredentials;
import io.grpc.netty.shaded.io.grpc.netty.NettyServerBuilder;
import io.strand.grpc.autoconfigure.server.GrpcServerAutoConfiguration;
import io.strand.grpc.testing.FreePort;

import org.springframework.boot.autoconfigure.ssl.SslAutoConfiguration;
import org.springframework.boot.test.util.TestPropertyValues;
import org.springframework.context.annotation.AnnotationConfigApplicationContext;

/**
 * A server that can be started again on its port.
 */
final class RestartableServer implements AutoCloseable {

	private final int port = FreePort.find();

	private final IntFunction<Running> starter;

	private Running running;

	private RestartableServer(IntFunction<Running> starter) {
		this.starter = starter;
		this.running = starter.apply(this.port);
	}

	/**
	 * Starts a server of plain gRPC, without Strand.
	 * @param service what it serves
	 * @return the server
	 */
	static RestartableServer plain(BindableService service) {
		return new RestartableServer((port) -> new PlainServer(port, service));
	}

	/**
	 * Starts an application that serves with Strand.
	 * @param service what it serves
	 * @return the server
	 */
	static RestartableServer strand(BindableService service) {
		return new RestartableServer((port) -> new Application(port, service));
	}

	int port() {
		return this.port;
	}

	void start() {
		this.running = this.starter.apply(this.port);
	}

	/** Breaks all connections and calls. */
	void kill() {
		this.running.kill();
	}

	/** Takes no new calls, and waits for those that run. */
	void stop() throws InterruptedException {
		this.running.stop();
	}

	@Override
	public void close() {
		kill();
	}

	private interface Running {

		void kill();

		void stop() throws InterruptedException;

	}

	private static final class PlainServer implements Running {

		private final RecordingServer server;

		PlainServer(int port, BindableService service) {
			this.server = RecordingServer.start(NettyServerBuilder.forPort(port, InsecureServerCredentials.create()),
					service);
			this.server.forgetCalls();
		}

		@Override
		public void kill() {
			this.server.close();
		}

		@Override
		public void stop() throws InterruptedException {
			if (!this.server.stop(Duration.ofSeconds(60))) {
				throw new IllegalStateException("There are still calls");
			}
		}

	}

	private static final class Application implements Running {

		private final AnnotationConfigApplicationContext context = new AnnotationConfigApplicationContext();

		Application(int port, BindableService service) {
			TestPropertyValues.of("strand.server.port=" + port, "strand.server.shutdown-grace-period=60s")
				.applyTo(this.context);
			this.context.registerBean(BindableService.class, () -> service);
			this.context.register(SslAutoConfiguration.class, GrpcServerAutoConfiguration.class);
			this.context.refresh();
		}

		@Override
		public void kill() {
			stop();
		}

		@Override
		public void stop() {
			this.context.close();
		}

	}

}
