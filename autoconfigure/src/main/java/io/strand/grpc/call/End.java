package io.strand.grpc.call;

/**
 * How a stream was ended, when and by whom.
 *
 * @param how the end in words
 * @param error whether it is an error, which senders do not hold up
 * @param by the thread that ended the stream
 * @param nanoTime when it did
 */
record End(String how, boolean error, Thread by, long nanoTime) {

	static End now(String how, boolean error) {
		return new End(how, error, Thread.currentThread(), System.nanoTime());
	}

	static String describe(Thread thread) {
		return thread.getName() + "#" + thread.getId();
	}

	@Override
	public String toString() {
		return "%s by thread %s %d ms ago".formatted(this.how, describe(this.by),
				(System.nanoTime() - this.nanoTime) / 1_000_000);
	}

}
