package io.strand.grpc.testing;

/**
 * Threads for a test whose interleavings Lincheck tries.
 */
public final class LincheckThreads {

	private LincheckThreads() {
	}

	/**
	 * Runs each task in a thread of its own and waits for all.
	 * @param tasks the tasks
	 */
	public static void run(Runnable... tasks) {
		Thread[] threads = new Thread[tasks.length];
		for (int i = 0; i < tasks.length; i++) {
			threads[i] = new Thread(tasks[i]);
		}
		run(threads);
	}

	/**
	 * Starts all threads and waits for them.
	 * @param threads the threads, each of a class of its own: Lincheck does not see what
	 * a lambda shares
	 */
	public static void run(Thread... threads) {
		for (Thread thread : threads) {
			thread.start();
		}
		for (Thread thread : threads) {
			join(thread);
		}
	}

	/**
	 * Waits for a thread.
	 * @param thread the thread
	 */
	public static void join(Thread thread) {
		try {
			thread.join();
		}
		catch (InterruptedException ex) {
			throw new IllegalStateException(ex);
		}
	}

}
