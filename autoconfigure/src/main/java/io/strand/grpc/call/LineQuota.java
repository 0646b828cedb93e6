package io.strand.grpc.call;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.IntConsumer;

/**
 * How many lines of one kind peers may cause in the log: so many in a second. A second
 * after the first that was left out, the owner is told how many were. Thread-safe, and
 * cheap for those that are left out.
 */
public final class LineQuota {

	/** How many lines of a kind are let through in a second. */
	public static final int LINES_PER_SECOND = 5;

	private static final int COUNT_BITS = 20;

	private static final long COUNT_MASK = (1L << COUNT_BITS) - 1;

	private static final Executor LATER = CompletableFuture.delayedExecutor(1, TimeUnit.SECONDS);

	private final IntConsumer leftOutTold;

	private final Executor later;

	/** The second, and how many lines were asked for in it. */
	private final AtomicLong state = new AtomicLong();

	private final AtomicInteger leftOut = new AtomicInteger();

	/**
	 * Makes a quota.
	 * @param leftOutTold told how many lines were left out, on a thread of the JVM's, at
	 * most once a second
	 */
	public LineQuota(IntConsumer leftOutTold) {
		this(leftOutTold, LATER);
	}

	LineQuota(IntConsumer leftOutTold, Executor later) {
		this.leftOutTold = leftOutTold;
		this.later = later;
	}

	/**
	 * Asks for one line.
	 * @return whether it may be written; if not, it was counted
	 */
	public boolean tryTake() {
		return tryTake(System.nanoTime() / TimeUnit.SECONDS.toNanos(1));
	}

	boolean tryTake(long second) {
		long mark = second << COUNT_BITS;
		long taken = this.state.updateAndGet((current) -> {
			if ((current & ~COUNT_MASK) != mark) {
				return mark | 1;
			}
			return ((current & COUNT_MASK) == COUNT_MASK) ? current : current + 1;
		});
		if ((taken & COUNT_MASK) <= LINES_PER_SECOND) {
			return true;
		}
		if (this.leftOut.getAndIncrement() == 0) {
			this.later.execute(() -> this.leftOutTold.accept(this.leftOut.getAndSet(0)));
		}
		return false;
	}

}
