package io.strand.grpc.server;

import java.net.SocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.stream.Collectors;

import io.grpc.Server;
import io.grpc.ServerBuilder;
import io.strand.grpc.thread.CallExecutor;
import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;

/**
 * All that exists between a start and a stop of the {@link GrpcServer}: its listeners,
 * the threads of its calls and the thread that keeps the JVM alive. Started and stopped
 * under the lock of the {@link GrpcServer}; its listeners do not change once it is
 * published.
 */
final class RunningServer {

	private static final Log logger = LogFactory.getLog(GrpcServer.class);

	/** How long cancelled calls are given to end before the stop goes on without them. */
	private static final Duration CANCEL_PERIOD = Duration.ofSeconds(2);

	private final CallExecutor callExecutor;

	private final List<Listener> listeners = new ArrayList<>();

	private final CountDownLatch stopped = new CountDownLatch(1);

	RunningServer(CallExecutor callExecutor) {
		this.callExecutor = callExecutor;
	}

	void start(ServerEndpoint endpoint, Consumer<ServerBuilder<?>> configurer) {
		ServerBuilder<?> builder = endpoint.newBuilder().executor(this.callExecutor);
		Listener listener;
		try {
			configurer.accept(builder);
			listener = new Listener(endpoint, builder.build());
			endpoint.start(listener.server);
		}
		catch (RuntimeException | Error ex) {
			endpoint.release();
			throw ex;
		}
		this.listeners.add(listener);
	}

	/**
	 * Netty's threads are daemons; an application that does nothing but serve must not
	 * end when its main method returns.
	 */
	void keepJvmAlive() {
		if (this.listeners.isEmpty()) {
			return;
		}
		Thread thread = new Thread(() -> {
			boolean interrupted = true;
			while (interrupted) {
				try {
					this.stopped.await();
					interrupted = false;
				}
				catch (InterruptedException ex) {
					// only the stop ends this thread
				}
			}
		}, "grpc-server-await");
		thread.setDaemon(false);
		thread.start();
	}

	void stop(Duration gracePeriod) {
		try {
			this.listeners.forEach((listener) -> listener.server.shutdown());
			if (!awaitTermination(gracePeriod)) {
				if (!gracePeriod.isZero()) {
					logger.warn("gRPC calls still running after the grace period of %d ms are cancelled"
						.formatted(gracePeriod.toMillis()));
				}
				this.listeners.forEach((listener) -> listener.server.shutdownNow());
				awaitTermination(CANCEL_PERIOD);
			}
		}
		catch (InterruptedException ex) {
			this.listeners.forEach((listener) -> listener.server.shutdownNow());
			Thread.currentThread().interrupt();
		}
		finally {
			this.listeners.forEach((listener) -> listener.endpoint.release());
			this.callExecutor.close();
			this.stopped.countDown();
		}
	}

	private boolean awaitTermination(Duration timeout) throws InterruptedException {
		long end = System.nanoTime() + timeout.toNanos();
		boolean terminated = true;
		for (Listener listener : this.listeners) {
			terminated &= listener.server.awaitTermination(end - System.nanoTime(), TimeUnit.NANOSECONDS);
		}
		return terminated;
	}

	@Override
	public String toString() {
		return this.listeners.stream()
			.map((listener) -> listener.endpoint.describe(listener.server))
			.collect(Collectors.joining(", "));
	}

	boolean isEmpty() {
		return this.listeners.isEmpty();
	}

	boolean isVirtual() {
		return this.callExecutor.isVirtual();
	}

	int port() {
		return this.listeners.get(0).server.getPort();
	}

	SocketAddress localAddress() {
		Listener first = this.listeners.get(0);
		return first.endpoint.address(first.server);
	}

	/**
	 * One started server and where it listens.
	 */
	private record Listener(ServerEndpoint endpoint, Server server) {

	}

}
