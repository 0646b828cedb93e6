package io.strand.grpc.stream;

import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;

import io.grpc.Context;
import io.strand.grpc.call.Receiver;
import io.strand.grpc.thread.CallThreads;
import org.jspecify.annotations.Nullable;

/**
 * The threads that receive beside the body of one call. None outlives the body: its end
 * closes the door for new ones, interrupts those that are left and waits for them.
 * Thread-safe.
 */
final class ReceivingThreads {

	private final Receiver<?> receiver;

	private final Queue<Task> tasks = new ConcurrentLinkedQueue<>();

	private volatile boolean over;

	ReceivingThreads(Receiver<?> receiver) {
		this.receiver = receiver;
	}

	Receiving start(Work work) {
		Task task = new Task(work);
		this.tasks.add(task);
		// The end marks itself and then looks at the tasks
		if (this.over || !task.start()) {
			throw new IllegalStateException(
					"%s has ended; no thread can receive on it any more".formatted(this.receiver.call()));
		}
		return task;
	}

	/**
	 * Runs the body and ends the threads that it has started.
	 * @return what the body returned
	 * @throws Throwable what a thread threw, else what the body threw
	 */
	<T extends @Nullable Object> T enclose(Body<T> body) throws Throwable {
		T result;
		try {
			result = body.run();
		}
		catch (Throwable ex) {
			Throwable first = end();
			if (first != null && first != ex) {
				// The body was interrupted because of it, and is over
				Thread.interrupted();
				first.addSuppressed(ex);
				throw first;
			}
			throw ex;
		}
		Throwable failure = end();
		if (failure != null) {
			Thread.interrupted();
			throw failure;
		}
		return result;
	}

	/** Ends all threads, and tells what the first of them threw that failed. */
	private @Nullable Throwable end() {
		this.over = true;
		Throwable failure = null;
		for (Task task : this.tasks) {
			task.end();
			if (failure == null) {
				failure = task.failure;
			}
		}
		return failure;
	}

	interface Body<T extends @Nullable Object> {

		T run() throws Throwable;

	}

	interface Work {

		void run() throws Exception;

	}

	private final class Task implements Receiving {

		private final Work work;

		private final CountDownLatch done = new CountDownLatch(1);

		/** Whether it was decided if the thread starts. */
		private final AtomicBoolean claimed = new AtomicBoolean();

		private volatile @Nullable Thread thread;

		/** The body has ended first: what is thrown after that is its doing. */
		private volatile boolean ended;

		private volatile @Nullable Throwable failure;

		Task(Work work) {
			this.work = work;
		}

		/** Starts the thread, unless the end was first. */
		boolean start() {
			if (!this.claimed.compareAndSet(false, true)) {
				return false;
			}
			String name = "grpc-receive-" + ReceivingThreads.this.receiver.call().method().getFullMethodName();
			try {
				Thread started = CallThreads.start(name,
						Context.current().wrap(() -> ReceivingThreads.this.receiver.runBeside(this::run)));
				this.thread = started;
				if (this.ended) {
					started.interrupt();
				}
				return true;
			}
			catch (Throwable ex) {
				this.done.countDown();
				throw ex;
			}
		}

		private void run() {
			try {
				this.work.run();
			}
			catch (Throwable ex) {
				failed(ex);
			}
			finally {
				this.done.countDown();
			}
		}

		private void failed(Throwable thrown) {
			if (!this.ended && !ReceivingThreads.this.over) {
				this.failure = thrown;
				ReceivingThreads.this.receiver.interrupt();
			}
		}

		@Override
		public void join() throws InterruptedException {
			this.done.await();
			Throwable failed = this.failure;
			if (failed != null) {
				throw Sneaky.rethrow(failed);
			}
		}

		@Override
		public boolean isActive() {
			return this.done.getCount() > 0;
		}

		/** Interrupts the thread and waits for it, however often the current one is. */
		void end() {
			this.ended = true;
			if (this.claimed.compareAndSet(false, true)) {
				this.done.countDown();
				return;
			}
			Thread running = this.thread;
			if (running != null) {
				running.interrupt();
			}
			boolean interrupted = false;
			while (isActive()) {
				try {
					this.done.await();
				}
				catch (InterruptedException ex) {
					interrupted = true;
				}
			}
			if (interrupted) {
				Thread.currentThread().interrupt();
			}
		}

	}

}
