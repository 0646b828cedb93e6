package io.strand.grpc.testing;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;

/**
 * Threads that do the same thing at the same time: all wait at a gate until the last one
 * has come, then start together.
 */
public final class ConcurrentRun {

	private final List<Thread> threads = new ArrayList<>();

	private final AtomicReference<Throwable> failure = new AtomicReference<>();

	private ConcurrentRun(int threads, Task task) {
		CountDownLatch gate = new CountDownLatch(threads);
		for (int i = 0; i < threads; i++) {
			int index = i;
			Thread thread = new Thread(() -> run(gate, task, index), "concurrent-run-" + i);
			thread.setDaemon(true);
			this.threads.add(thread);
			thread.start();
		}
	}

	/**
	 * Starts platform threads.
	 * @param threads how many
	 * @param task what each of them does
	 * @return the started run, to be joined
	 */
	public static ConcurrentRun of(int threads, Task task) {
		return new ConcurrentRun(threads, task);
	}

	private void run(CountDownLatch gate, Task task, int index) {
		try {
			gate.countDown();
			if (!gate.await(30, TimeUnit.SECONDS)) {
				throw new IllegalStateException("The gate did not open");
			}
			task.run(index);
		}
		catch (Throwable ex) {
			this.failure.compareAndSet(null, ex);
		}
	}

	/**
	 * Waits for all threads to end and rethrows the first failure of any.
	 * @param timeout how long to wait for all of them together
	 * @throws AssertionError if a thread failed or does not end; the latter with its
	 * stack
	 */
	public void join(Duration timeout) {
		long end = System.nanoTime() + timeout.toNanos();
		for (Thread thread : this.threads) {
			try {
				thread.join(Math.max(1, TimeUnit.NANOSECONDS.toMillis(end - System.nanoTime())));
			}
			catch (InterruptedException ex) {
				Thread.currentThread().interrupt();
				throw new AssertionError("Interrupted while waiting for " + thread, ex);
			}
			if (thread.isAlive()) {
				AssertionError error = new AssertionError("%s did not end in %s".formatted(thread, timeout));
				error.setStackTrace(thread.getStackTrace());
				this.threads.forEach(Thread::interrupt);
				throw error;
			}
		}
		Throwable failed = this.failure.get();
		if (failed != null) {
			throw new AssertionError("A thread failed: " + failed, failed);
		}
	}

	/**
	 * What a thread does.
	 */
	@FunctionalInterface
	public interface Task {

		/**
		 * Runs in a thread of its own.
		 * @param index the number of the thread, from 0
		 * @throws Exception to fail the run
		 */
		void run(int index) throws Exception;

	}

}
