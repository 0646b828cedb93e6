package io.strand.grpc.call;

import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;

/**
 * How long senders waited because their peer did not read, over all streams that share
 * it. Touched only by who waits anyway. Thread-safe.
 */
public final class BlockedSends {

	private final AtomicReference<Waits> waits = new AtomicReference<>(new Waits(0, 0));

	/**
	 * The longest time that was told. Who ends a wait looks at the clock a moment before
	 * it says so, and whoever asks in this moment counts it too long.
	 */
	private final AtomicLong told = new AtomicLong();

	void begin(long now) {
		this.waits.updateAndGet((current) -> new Waits(current.waiting + 1, current.nanos - now));
	}

	void end(long now) {
		this.waits.updateAndGet((current) -> new Waits(current.waiting - 1, current.nanos + now));
	}

	/**
	 * The threads that wait at this moment.
	 * @return their number
	 */
	public int waiting() {
		return this.waits.get().waiting;
	}

	/**
	 * The time of all waits, those that go on included, added up. Never goes down.
	 * @return the time
	 */
	public Duration total() {
		return Duration.ofNanos(total(System.nanoTime()));
	}

	long total(long now) {
		Waits current = this.waits.get();
		return this.told.accumulateAndGet(current.nanos + current.waiting * now, Math::max);
	}

	/**
	 * Waits of one moment.
	 *
	 * @param waiting how many go on
	 * @param nanos the time of those that are over, less the beginnings of those that go
	 * on
	 */
	private record Waits(int waiting, long nanos) {

	}

}
