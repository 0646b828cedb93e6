package io.strand.grpc.thread;

import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Threads of a pool, one at a time, given back while there is nothing to do: for platform
 * threads, which are dear.
 *
 * <p>
 * States: NEW → QUEUED (handed to the pool or running) ⇄ IDLE → ENDED. Who moves IDLE to
 * QUEUED hands the task to the pool. The running thread moves QUEUED to IDLE when it
 * finds no work, then looks once more: work that was published before it was IDLE found
 * QUEUED and was not announced.
 */
final class PooledThread implements SerialThread, Runnable {

	private static final int NEW = 0;

	private static final int QUEUED = 1;

	private static final int IDLE = 2;

	private static final int ENDED = 3;

	private final Executor pool;

	private final SerialTask task;

	private final AtomicInteger state = new AtomicInteger(NEW);

	PooledThread(Executor pool, SerialTask task) {
		this.pool = pool;
		this.task = task;
	}

	@Override
	public void start() {
		if (this.state.compareAndSet(NEW, QUEUED)) {
			execute();
		}
	}

	@Override
	public void wake() {
		if (this.state.get() == IDLE && this.state.compareAndSet(IDLE, QUEUED)) {
			execute();
		}
	}

	private void execute() {
		try {
			this.pool.execute(this);
		}
		catch (RejectedExecutionException | OutOfMemoryError ex) {
			rejected();
		}
	}

	/** The pool will not run this, which it had been handed. */
	void rejected() {
		this.state.set(ENDED);
		this.task.rejected();
	}

	@Override
	public boolean isVirtual() {
		return false;
	}

	@Override
	public void run() {
		do {
			if (this.task.runAvailable()) {
				this.state.set(ENDED);
				return;
			}
			this.state.set(IDLE);
		}
		while (this.task.hasWork() && this.state.compareAndSet(IDLE, QUEUED));
	}

}
