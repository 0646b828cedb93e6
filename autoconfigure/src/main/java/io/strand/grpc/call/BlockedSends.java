package io.strand.grpc.call;

import java.time.Duration;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.LongAdder;

/**
 * How long senders waited because their peer did not read, over all streams that share
 * it. Touched only by who waits anyway. Thread-safe.
 */
public final class BlockedSends {

	private final AtomicInteger waiting = new AtomicInteger();

	private final LongAdder nanos = new LongAdder();

	void begin() {
		this.waiting.incrementAndGet();
	}

	void end(long waitedNanos) {
		this.waiting.decrementAndGet();
		this.nanos.add(waitedNanos);
	}

	/**
	 * The threads that wait at this moment.
	 * @return their number
	 */
	public int waiting() {
		return this.waiting.get();
	}

	/**
	 * The time of all waits that are over, added up.
	 * @return the time
	 */
	public Duration total() {
		return Duration.ofNanos(this.nanos.sum());
	}

}
