package io.strand.grpc.call;

import java.util.concurrent.locks.ReentrantLock;

import org.jspecify.annotations.Nullable;

/**
 * The lock of one direction of a stream, which can tell a second thread who holds it and
 * since when, instead of keeping it waiting. Thread-safe.
 */
final class StreamLock extends ReentrantLock {

	private static final long serialVersionUID = 1L;

	/** When the holder took it, if it said so. */
	private volatile long heldSince;

	StreamLock(boolean fair) {
		super(fair);
	}

	/**
	 * Takes the lock at once.
	 * @return the thread that holds it; {@code null} if the current one does now
	 */
	@Nullable Thread takeOrTellHolder() {
		while (!tryLock()) {
			Thread owner = getOwner();
			if (owner != null) {
				return owner;
			}
			Thread.onSpinWait(); // just let go of
		}
		return null;
	}

	/** Notes the time for others, if the current thread has just taken the lock. */
	void noteTime() {
		if (getHoldCount() == 1) {
			this.heldSince = System.nanoTime();
		}
	}

	long heldSince() {
		return this.heldSince;
	}

}
