package io.strand.grpc.thread;

import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.locks.LockSupport;

import org.jspecify.annotations.Nullable;

/**
 * A thread of the task's own, which parks while there is nothing to do: for virtual
 * threads, of which there can be millions.
 *
 * <p>
 * No wake-up is lost: the thread sets {@link #parked} and looks for work after that; who
 * has work publishes it and looks at {@code parked} after that. Both are volatile, so one
 * of the two sees the other. An unpark that comes before the park makes the park return
 * at once.
 */
final class OwnThread implements SerialThread, Runnable {

	private final SerialTask task;

	private final Thread thread;

	private volatile boolean parked;

	OwnThread(ThreadFactory factory, SerialTask task) {
		this.task = task;
		@Nullable Thread made = factory.newThread(this);
		if (made == null) {
			throw new IllegalStateException("The thread factory gave no thread");
		}
		this.thread = made;
	}

	@Override
	public void start() {
		try {
			this.thread.start();
		}
		catch (RejectedExecutionException | OutOfMemoryError ex) {
			this.task.rejected();
		}
	}

	@Override
	public void wake() {
		if (this.parked) {
			LockSupport.unpark(this.thread);
		}
	}

	@Override
	public boolean isVirtual() {
		return true;
	}

	@Override
	public void run() {
		while (!this.task.runAvailable()) {
			this.parked = true;
			// Woken without work, by an unpark meant for a wait inside the task, it
			// finds nothing and comes back here
			if (!this.task.hasWork()) {
				LockSupport.park(this);
				// An interrupt from elsewhere, after what it was meant for: left alone,
				// no park would wait again
				Thread.interrupted();
			}
			this.parked = false;
		}
	}

}
