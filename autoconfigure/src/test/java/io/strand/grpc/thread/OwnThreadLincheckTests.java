package io.strand.grpc.thread;

import java.util.concurrent.ThreadFactory;
import java.util.concurrent.atomic.AtomicInteger;

import org.jetbrains.lincheck.Lincheck;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * Tries the interleavings of {@link OwnThread}: work that was announced is done, and a
 * thread that was told of its end does not park for ever.
 */
@Tag("lincheck")
class OwnThreadLincheckTests {

	@Test
	void announcedWorkIsDone() {
		Lincheck.runConcurrentTest(200, () -> {
			Task task = new Task();
			Holder holder = new Holder();
			OwnThread thread = new OwnThread(holder, task);
			thread.start();
			for (int i = 0; i < 2; i++) {
				task.todo.incrementAndGet();
				thread.wake();
			}
			holder.join();
			if (task.todo.get() != 0) {
				throw new IllegalStateException("Announced work was left");
			}
		});
	}

	/** Makes the thread and keeps it, to wait for its end. */
	private static final class Holder implements ThreadFactory {

		private Thread made = new Thread();

		@Override
		public Thread newThread(Runnable task) {
			this.made = new Thread(task);
			return this.made;
		}

		void join() {
			try {
				this.made.join();
			}
			catch (InterruptedException ex) {
				throw new IllegalStateException(ex);
			}
		}

	}

	/** Ends when it has done both pieces of work. */
	private static final class Task implements SerialTask {

		private final AtomicInteger todo = new AtomicInteger();

		private int done;

		@Override
		public boolean runAvailable() {
			this.done += this.todo.getAndSet(0);
			return this.done == 2;
		}

		@Override
		public boolean hasWork() {
			return this.todo.get() != 0;
		}

		@Override
		public void rejected() {
			throw new IllegalStateException("Rejected");
		}

	}

}
