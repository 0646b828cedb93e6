package io.strand.grpc.call;

import java.util.concurrent.atomic.AtomicInteger;

/**
 * A limit on the calls whose handlers run at the same time. It counts handlers, not open
 * streams: a call whose client has gone counts until its handler returns. Thread-safe.
 */
public final class CallLimit {

	/** Smaller ones are for a few clients anyway. */
	private static final int LEAST_TO_SHARE = 1000;

	private final String name;

	private final int limit;

	/** How many places are for connections with few calls running. */
	private final int reserved;

	private final AtomicInteger running = new AtomicInteger();

	/**
	 * Makes a limit.
	 * @param name what it limits, for messages: {@code server}, or the name of a service
	 * or method
	 * @param limit how many handlers may run
	 */
	public CallLimit(String name, int limit) {
		if (limit < 1) {
			throw new IllegalArgumentException("The limit of '%s' must be at least 1, not %d".formatted(name, limit));
		}
		this.name = name;
		this.limit = limit;
		this.reserved = 0;
	}

	private CallLimit(String name, int limit, int reserved) {
		this.name = name;
		this.limit = limit;
		this.reserved = reserved;
	}

	/**
	 * A limit whose last places, one in ten, are for connections that have few calls
	 * running: so that a few clients do not shut out all others.
	 * @param name what it limits, for messages
	 * @param limit how many handlers may run; if fewer than a thousand, all places are
	 * for anybody
	 * @return the limit
	 */
	public static CallLimit shared(String name, int limit) {
		return (limit < LEAST_TO_SHARE) ? new CallLimit(name, limit) : new CallLimit(name, limit, limit / 10);
	}

	boolean isReached() {
		return this.running.get() >= this.limit;
	}

	/** Whether only reserved places are left. */
	boolean isScarce() {
		return this.reserved > 0 && this.running.get() >= this.limit - this.reserved;
	}

	/** How many calls of one connection may run while places are scarce. */
	int share() {
		return this.reserved / 10;
	}

	boolean tryAcquire() {
		int current = this.running.get();
		while (current < this.limit) {
			int witness = this.running.compareAndExchange(current, current + 1);
			if (witness == current) {
				return true;
			}
			current = witness;
		}
		return false;
	}

	void release() {
		this.running.decrementAndGet();
	}

	/**
	 * What it limits.
	 * @return {@code server}, or the name of a service or method
	 */
	public String name() {
		return this.name;
	}

	/**
	 * How many handlers may run.
	 * @return the limit
	 */
	public int limit() {
		return this.limit;
	}

	/**
	 * How many handlers run.
	 * @return the number at this moment
	 */
	public int running() {
		return this.running.get();
	}

	@Override
	public String toString() {
		int now = this.running.get();
		return (this.reserved > 0 && now < this.limit)
				? "%s: running=%d, limit=%d, the last %d for connections with fewer than %d calls running"
					.formatted(this.name, now, this.limit, this.reserved, share())
				: "%s: running=%d, limit=%d".formatted(this.name, now, this.limit);
	}

}
