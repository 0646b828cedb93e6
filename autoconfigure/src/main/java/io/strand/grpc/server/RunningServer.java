package io.strand.grpc.server;

import java.net.SocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;

import io.grpc.Server;
import io.grpc.ServerBuilder;
import io.strand.grpc.call.CallEngine;
import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;

/**
 * All that exists between a start and a stop of the {@link GrpcServer}: its listeners and
 * the thread that keeps the JVM alive. Started and stopped under the lock of the
 * {@link GrpcServer}; its listeners do not change once it is published.
 */
final class RunningServer {

	private static final Log logger = LogFactory.getLog(GrpcServer.class);

	/** How long cancelled calls are given to end before the stop goes on without them. */
	private static final Duration CANCEL_PERIOD = Duration.ofSeconds(2);

	private final CallEngine engine;

	private final List<Listener> listeners = new ArrayList<>();

	private final AtomicBoolean stopAnnounced = new AtomicBoolean();

	private final CountDownLatch stopped = new CountDownLatch(1);

	RunningServer(CallEngine engine) {
		this.engine = engine;
	}

	void start(ServerEndpoint endpoint, Consumer<ServerBuilder<?>> configurer) {
		ServerBuilder<?> builder = endpoint.newBuilder();
		Listener listener;
		try {
			configurer.accept(builder);
			Server server = builder.build();
			endpoint.start(server);
			listener = new Listener(endpoint, server, server.getPort(), endpoint.address(server),
					endpoint.describe(server));
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
		Thread thread = new Thread(this::awaitStop, "grpc-server-await");
		thread.setDaemon(false);
		thread.start();
	}

	private void awaitStop() {
		while (this.stopped.getCount() > 0) {
			try {
				this.stopped.await();
			}
			catch (InterruptedException ex) {
				// Only the stop ends this thread
			}
		}
	}

	/**
	 * Lets one of the threads that want to stop say so to everybody.
	 * @return {@code true} for the first that asks
	 */
	boolean announceStop() {
		return this.stopAnnounced.compareAndSet(false, true);
	}

	void stop(Duration gracePeriod) {
		boolean interrupted = false;
		this.engine.drain();
		this.listeners.forEach((listener) -> listener.server.shutdown());
		try {
			if (!awaitTermination(gracePeriod)) {
				if (gracePeriod.toMillis() > 0) {
					logger.warn("gRPC calls still running after the grace period of %d ms are cancelled"
						.formatted(gracePeriod.toMillis()));
				}
				cancel();
			}
		}
		catch (InterruptedException ex) {
			interrupted = true;
			cancel();
		}
		finally {
			this.listeners.forEach((listener) -> listener.endpoint.release());
			this.stopped.countDown();
			if (interrupted) {
				Thread.currentThread().interrupt();
			}
		}
	}

	/**
	 * Cancels what still runs, which interrupts the handlers, and waits for them to end,
	 * but not for ever.
	 */
	private void cancel() {
		this.listeners.forEach((listener) -> listener.server.shutdownNow());
		try {
			awaitTermination(CANCEL_PERIOD);
		}
		catch (InterruptedException ex) {
			Thread.currentThread().interrupt();
		}
	}

	private boolean awaitTermination(Duration timeout) throws InterruptedException {
		long end = System.nanoTime() + timeout.toNanos();
		boolean terminated = true;
		for (Listener listener : this.listeners) {
			terminated &= listener.server.awaitTermination(end - System.nanoTime(), TimeUnit.NANOSECONDS);
		}
		// A server of gRPC has terminated when its streams have ended: handlers whose
		// clients have gone may still run
		return terminated && this.engine.awaitIdle(Duration.ofNanos(end - System.nanoTime()));
	}

	@Override
	public String toString() {
		return String.join(", ", addresses());
	}

	List<String> addresses() {
		return this.listeners.stream().map(Listener::description).toList();
	}

	boolean isEmpty() {
		return this.listeners.isEmpty();
	}

	int port() {
		return this.listeners.get(0).port;
	}

	SocketAddress localAddress() {
		return this.listeners.get(0).address;
	}

	/**
	 * One started server and where it listens, asked for once: a server that has ended
	 * does not know any more, and who asks may come at that moment.
	 */
	private record Listener(ServerEndpoint endpoint, Server server, int port, SocketAddress address,
			String description) {

	}

}
