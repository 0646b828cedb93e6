package io.strand.grpc.call;

/**
 * How and by whom one direction of a stream was ended: what a thread that comes too late
 * is told.
 *
 * @param how what ended it, such as {@code completed} or a status
 * @param thread the name of the thread that ended it
 * @param nanoTime when
 */
record End(String how, String thread, long nanoTime) {

	static End by(String how) {
		return new End(how, describe(Thread.currentThread()), System.nanoTime());
	}

	static String describe(Thread thread) {
		return thread.getName() + "#" + thread.getId();
	}

	@Override
	public String toString() {
		return "%s by thread %s %d ms ago".formatted(this.how, this.thread,
				(System.nanoTime() - this.nanoTime) / 1_000_000);
	}

}
