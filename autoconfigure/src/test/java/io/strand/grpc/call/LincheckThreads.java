package io.strand.grpc.call;

/**
 * Threads for a test whose interleavings Lincheck tries.
 */
final class LincheckThreads {

	private LincheckThreads() {
	}

	/**
	 * Runs each task in a thread of its own and waits for all.
	 * @param tasks the tasks
	 */
	static void run(Runnable... tasks) {
		Thread[] threads = new Thread[tasks.length];
		for (int i = 0; i < tasks.length; i++) {
			threads[i] = new Thread(tasks[i]);
		}
		run(threads);
	}

	static void run(Thread... threads) {
		for (Thread thread : threads) {
			thread.start();
		}
		for (Thread thread : threads) {
			join(thread);
		}
	}

	static void join(Thread thread) {
		try {
			thread.join();
		}
		catch (InterruptedException ex) {
			throw new IllegalStateException(ex);
		}
	}

}
