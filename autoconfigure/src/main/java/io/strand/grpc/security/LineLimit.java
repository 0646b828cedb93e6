package io.strand.grpc.security;

import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Lets a few lines of one kind into the log each second, so that whoever is refused
 * cannot fill it, and counts the rest. Thread-safe.
 */
final class LineLimit {

	private static final int MAX_PER_SECOND = 5;

	private final AtomicLong second = new AtomicLong(Long.MIN_VALUE);

	private final AtomicLong lines = new AtomicLong();

	private final AtomicLong omitted = new AtomicLong();

	boolean tryPass() {
		long now = TimeUnit.NANOSECONDS.toSeconds(System.nanoTime());
		long last = this.second.get();
		if (last != now && this.second.compareAndSet(last, now)) {
			this.lines.set(0);
		}
		if (this.lines.incrementAndGet() <= MAX_PER_SECOND) {
			return true;
		}
		this.omitted.incrementAndGet();
		return false;
	}

	/** What to add to the line that has passed. */
	String omitted() {
		long count = this.omitted.getAndSet(0);
		return (count > 0) ? " (and %d more like it before, not logged)".formatted(count) : "";
	}

}
