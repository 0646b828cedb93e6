package io.strand.grpc.call;

import java.util.concurrent.atomic.AtomicInteger;

/**
 * A limit on the calls whose handlers run at the same time. It counts handlers, not open
 * streams: a call whose client has gone counts until its handler returns. Thread-safe.
 */
public final class CallLimit {

	private final String name;

	private final int limit;

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
	}

	boolean isReached() {
		return this.running.get() >= this.limit;
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
		return "%s: running=%d, limit=%d".formatted(this.name, this.running.get(), this.limit);
	}

}
