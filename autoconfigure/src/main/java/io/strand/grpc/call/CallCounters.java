package io.strand.grpc.call;

import java.util.concurrent.atomic.LongAdder;

/**
 * What has happened to the calls of a server, since it was made, that should happen
 * seldom. Counted by whom it happens to, never on the way of a message. Thread-safe.
 */
public final class CallCounters {

	private final BlockedSends blockedSends = new BlockedSends();

	private final LongAdder refusedAtLimit = new LongAdder();

	private final LongAdder refusedWithoutThread = new LongAdder();

	private final LongAdder concurrentUses = new LongAdder();

	CallCounters() {
	}

	/**
	 * The waits of senders whose peer did not read.
	 * @return how many wait, and how long they did
	 */
	public BlockedSends blockedSends() {
		return this.blockedSends;
	}

	/**
	 * The calls that were refused because a limit was reached.
	 * @return their number
	 */
	public long refusedAtLimit() {
		return this.refusedAtLimit.sum();
	}

	/**
	 * The calls that were ended because there was no thread for them.
	 * @return their number
	 */
	public long refusedWithoutThread() {
		return this.refusedWithoutThread.sum();
	}

	/**
	 * How often a stream was used by two threads at once that may not be, each time with
	 * a {@link ConcurrentStreamUseException}.
	 * @return the number
	 */
	public long concurrentUses() {
		return this.concurrentUses.sum();
	}

	void countRefusalAtLimit() {
		this.refusedAtLimit.increment();
	}

	void countRefusalWithoutThread() {
		this.refusedWithoutThread.increment();
	}

	void countConcurrentUse() {
		this.concurrentUses.increment();
	}

}
