package io.strand.grpc.server;

import java.net.SocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Function;

import io.grpc.Server;
import io.grpc.Status;
import io.grpc.inprocess.InProcessSocketAddress;
import io.strand.grpc.call.CallEngine;
import io.strand.grpc.thread.CallThreads;
import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.jspecify.annotations.Nullable;

/**
 * All that exists between a start and a stop of the {@link GrpcServer}: its listeners and
 * the thread that keeps the JVM alive. Started and stopped under the lock of the
 * {@link GrpcServer}; its listeners do not change once it is published.
 */
final class RunningServer {

	private static final Log logger = LogFactory.getLog(GrpcServer.class);

	/** How long cancelled calls are given to end before the stop goes on without them. */
	private static final Duration CANCEL_PERIOD = Duration.ofSeconds(2);

	/** How much of that telling the calls may take. */
	private static final Duration ABORT_PERIOD = Duration.ofMillis(500);

	/** How much of that telling the clients may take. */
	private static final Duration FLUSH_PERIOD = Duration.ofMillis(200);

	/**
	 * How long a connection without a call is given to end by itself, a call that its
	 * client has sent before it learnt of the stop to arrive.
	 */
	private static final Duration SILENCE = Duration.ofMillis(400);

	private static final Duration LOOK_AGAIN = Duration.ofMillis(50);

	private static final Status STOPPED = Status.UNAVAILABLE
		.withDescription("The server has stopped, and the call took longer than it waits for calls in flight");

	private final CallEngine engine;

	private final Connections connections;

	private final List<Listener> listeners = new ArrayList<>();

	private final AtomicBoolean stopAnnounced = new AtomicBoolean();

	private final CountDownLatch stopped = new CountDownLatch(1);

	RunningServer(CallEngine engine, Connections connections) {
		this.engine = engine;
		this.connections = connections;
	}

	void start(ServerEndpoint endpoint, Function<ServerEndpoint, Server> builder) {
		Listener listener;
		try {
			Server server = builder.apply(endpoint);
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

	/**
	 * Stops: goes on to take calls for a while, then takes none, waits for those in
	 * flight, and cancels the rest. An interrupt cuts it short.
	 * @param drainDelay how long new calls are still taken
	 * @param gracePeriod how long those in flight are waited for after that
	 */
	void stop(Duration drainDelay, Duration gracePeriod) {
		boolean interrupted = false;
		try {
			interrupted = !delay(drainDelay);
			this.listeners.forEach((listener) -> listener.server.shutdown());
			// After the clients were told to go elsewhere: streams that end now are often
			// made again at once
			this.engine.drain();
			if (interrupted) {
				cancel("a stop that was interrupted");
			}
			else if (!awaitTermination(gracePeriod)) {
				cancel((gracePeriod.toMillis() > 0) ? "the grace period of %d ms".formatted(gracePeriod.toMillis())
						: null);
			}
		}
		catch (InterruptedException ex) {
			interrupted = true;
			cancel("a stop that was interrupted");
		}
		finally {
			this.listeners.forEach((listener) -> listener.endpoint.release());
			this.stopped.countDown();
			if (interrupted) {
				Thread.currentThread().interrupt();
			}
		}
	}

	private boolean delay(Duration drainDelay) {
		// Nobody balances loads inside a process
		if (drainDelay.isZero() || this.listeners.stream()
			.allMatch((listener) -> listener.address() instanceof InProcessSocketAddress)) {
			return true;
		}
		try {
			TimeUnit.NANOSECONDS.sleep(drainDelay.toNanos());
			return true;
		}
		catch (InterruptedException ex) {
			return false;
		}
	}

	/**
	 * Cancels what still runs, which interrupts the handlers, and waits for them to end,
	 * but not for ever.
	 * @param after what they have outlived, for the log; {@code null} if nobody waited
	 */
	private void cancel(@Nullable String after) {
		if (after != null) {
			new UnfinishedCalls(this.engine.liveCalls()).log(logger, after);
		}
		long end = System.nanoTime() + CANCEL_PERIOD.toNanos();
		// The transports would tell clients that their calls were cancelled, as if they
		// had done so themselves
		Thread aborting = CallThreads.start("grpc-abort", () -> this.engine.abort(STOPPED));
		try {
			// But not for ever: an interceptor may block there
			aborting.join(ABORT_PERIOD.toMillis());
			// What is on its way to the clients would be overtaken
			areTerminated(FLUSH_PERIOD.toNanos());
			endConnections(end - System.nanoTime());
			awaitTermination(Duration.ofNanos(end - System.nanoTime()));
		}
		catch (InterruptedException ex) {
			this.listeners.forEach((listener) -> listener.server.shutdownNow());
			Thread.currentThread().interrupt();
		}
	}

	/**
	 * Waits until handlers have returned and what they answered is written.
	 * @return whether that is so; connections without a stream may be left
	 */
	private boolean awaitTermination(Duration timeout) throws InterruptedException {
		long end = System.nanoTime() + timeout.toNanos();
		long quietSince = 0;
		while (!areTerminated(Math.min(LOOK_AGAIN.toNanos(), end - System.nanoTime()))) {
			long now = System.nanoTime();
			if (!this.engine.awaitIdle(Duration.ZERO)) {
				quietSince = 0;
			}
			else if (quietSince == 0) {
				quietSince = now;
			}
			else if (now - quietSince > SILENCE.toNanos() && areStreamsOver()) {
				// Nobody at the other end: it would be waited for until a ping is given
				// up
				endConnections(end - now);
				areTerminated(2 * LOOK_AGAIN.toNanos());
				return true;
			}
			if (now - end >= 0) {
				return false;
			}
		}
		// A server of gRPC has terminated when its streams have ended: handlers whose
		// clients have gone may still run
		return this.engine.awaitIdle(Duration.ofNanos(end - System.nanoTime()));
	}

	private void endConnections(long nanos) throws InterruptedException {
		// First in order: gRPC resets streams that wait for their clients to read, and
		// those would take it for a cancellation
		this.connections.end(nanos);
		this.listeners.forEach((listener) -> listener.server.shutdownNow());
	}

	private boolean areTerminated(long nanos) throws InterruptedException {
		long end = System.nanoTime() + nanos;
		boolean terminated = true;
		for (Listener listener : this.listeners) {
			terminated &= listener.server.awaitTermination(end - System.nanoTime(), TimeUnit.NANOSECONDS);
		}
		return terminated;
	}

	/**
	 * Whether all streams are over but those of dismissed calls.
	 */
	private boolean areStreamsOver() throws InterruptedException {
		long open = 0;
		for (Listener listener : this.listeners) {
			open += listener.server.isTerminated() ? 0 : OpenStreams.count(listener.server);
		}
		// Looked at last: those that end in between must not hide others
		return open == 0 || open <= this.engine.liveCalls()
			.stream()
			.filter((call) -> call.isDismissed() && !(call.peer() instanceof InProcessSocketAddress))
			.count();
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

	/**
	 * The TCP port of a listener.
	 * @param name the name of the listener
	 * @return the port, or -1 if it has none
	 */
	int port(String name) {
		for (Listener each : this.listeners) {
			ServerListener named = each.endpoint.listener();
			if (named != null && named.name().equals(name) && each.port >= 0) {
				return each.port;
			}
		}
		return -1;
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
