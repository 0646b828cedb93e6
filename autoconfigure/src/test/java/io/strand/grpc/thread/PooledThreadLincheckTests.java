package io.strand.grpc.thread;

import java.util.concurrent.atomic.AtomicInteger;

import org.jetbrains.lincheck.datastructures.ModelCheckingOptions;
import org.jetbrains.lincheck.datastructures.Operation;
import org.jetbrains.lincheck.datastructures.Validate;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * Tries the interleavings of the hand-over in {@link PooledThread}: work that was
 * announced is done, and by one thread at a time.
 */
@Tag("lincheck")
class PooledThreadLincheckTests {

	@Test
	void announcedWorkIsDoneByOneThreadAtATime() {
		new ModelCheckingOptions().iterations(20)
			.invocationsPerIteration(1_000)
			.threads(3)
			.actorsPerThread(2)
			.actorsBefore(0)
			.actorsAfter(0)
			.check(HandOver.class);
	}

	/** A task whose pool is whoever hands it over. */
	public static class HandOver {

		private final AtomicInteger todo = new AtomicInteger();

		private volatile boolean running;

		private volatile boolean ranTwice;

		private final PooledThread thread = new PooledThread(Runnable::run, new SerialTask() {

			@Override
			public boolean runAvailable() {
				HandOver.this.ranTwice |= HandOver.this.running;
				HandOver.this.running = true;
				HandOver.this.todo.set(0);
				HandOver.this.running = false;
				return false;
			}

			@Override
			public boolean hasWork() {
				return HandOver.this.todo.get() != 0;
			}

			@Override
			public void rejected() {
				throw new IllegalStateException("Rejected");
			}

		});

		public HandOver() {
			this.thread.start();
		}

		@Operation
		public void announce() {
			this.todo.incrementAndGet();
			this.thread.wake();
		}

		@Validate
		public void allIsDone() {
			if (this.ranTwice) {
				throw new IllegalStateException("Two threads ran at the same time");
			}
			if (this.todo.get() != 0) {
				throw new IllegalStateException("Announced work was left");
			}
		}

	}

}
