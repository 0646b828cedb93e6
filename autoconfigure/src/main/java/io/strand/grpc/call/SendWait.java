package io.strand.grpc.call;

/**
 * A thread that waits on a stream until its peer reads.
 *
 * @param thread the thread
 * @param since when it began, as {@link System#nanoTime()}
 * @param before how long those before it have waited
 */
record SendWait(Thread thread, long since, long before) {

	/** How long all have waited, with this one until now. */
	long total(long now) {
		return this.before + now - this.since;
	}

}
