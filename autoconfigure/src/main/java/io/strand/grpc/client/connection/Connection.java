package io.strand.grpc.client.connection;

import java.time.Duration;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.LongSupplier;

import io.grpc.ConnectivityState;
import io.grpc.ManagedChannel;

/**
 * One of the channels that a {@link SpreadChannel} chooses from, with its calls in flight
 * and whether it can be expected to connect. Thread-safe.
 */
final class Connection {

	/**
	 * How long an attempt to connect may take before nothing is expected of it any more.
	 */
	static final Duration PATIENCE = Duration.ofSeconds(1);

	private final ManagedChannel channel;

	private final LongSupplier clock;

	private final AtomicInteger calls = new AtomicInteger();

	private volatile ConnectivityState state = ConnectivityState.IDLE;

	/** When the state became what it is. */
	private volatile long since;

	/** From when it could not connect until it is connected again. */
	private volatile boolean failing;

	/**
	 * Watches a channel.
	 * @param channel the channel
	 * @param clock the time in nanoseconds
	 */
	Connection(ManagedChannel channel, LongSupplier clock) {
		this.channel = channel;
		this.clock = clock;
		watch();
	}

	/** Follows the state: gRPC tells of one change at a time. */
	private void watch() {
		ConnectivityState current = this.channel.getState(false);
		if (current == ConnectivityState.TRANSIENT_FAILURE) {
			this.failing = true;
		}
		else if (current == ConnectivityState.READY) {
			this.failing = false;
		}
		this.since = this.clock.getAsLong();
		this.state = current;
		if (current != ConnectivityState.SHUTDOWN) {
			this.channel.notifyWhenStateChanged(current, this::watch);
		}
	}

	ManagedChannel channel() {
		return this.channel;
	}

	boolean isReady() {
		return this.state == ConnectivityState.READY;
	}

	boolean isIdle() {
		return this.state == ConnectivityState.IDLE;
	}

	/**
	 * Whether no call should count on it: it could not connect, or takes too long to, as
	 * to a host that does not answer.
	 */
	boolean isFailing() {
		return this.failing || (this.state == ConnectivityState.CONNECTING
				&& this.clock.getAsLong() - this.since > PATIENCE.toNanos());
	}

	/** Connects, unless it has or does. */
	void connect() {
		this.channel.getState(true);
	}

	int calls() {
		return this.calls.get();
	}

	/**
	 * Takes a call on.
	 * @param seen the number of calls that the choice was made by
	 * @return {@code false} if the number has changed since
	 */
	boolean enter(int seen) {
		return this.calls.compareAndSet(seen, seen + 1);
	}

	/** Takes on a call that was sent to this connection before. */
	void enter() {
		this.calls.incrementAndGet();
	}

	void leave() {
		this.calls.decrementAndGet();
	}

}
