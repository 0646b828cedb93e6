package io.strand.grpc.thread;

import java.util.concurrent.BrokenBarrierException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;

import io.strand.grpc.testing.LeakCheckExtension;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Tests for {@link OwnThread}: the moments between a look for work and the park, one by
 * one, and a race of many rounds. A wake-up that gets lost is a hang. Lincheck is no help
 * here: it wakes parked threads for nothing, so none is lost.
 */
@Timeout(30)
@ExtendWith(LeakCheckExtension.class)
class OwnThreadTests {

	private final Task task = new Task();

	private final OwnThread thread = new OwnThread((run) -> new Thread(run, "own-thread-test"), this.task);

	@Test
	void workThatComesBeforeTheThreadSaysThatItParksIsSeenByItsLook() throws Exception {
		this.task.afterRun = (runs) -> {
			if (runs == 1) {
				this.task.publish();
				this.thread.wake(); // nobody to wake: it has not said so yet
			}
		};
		startAndEnd(2);
	}

	@Test
	void workThatComesAfterTheLookEndsThePark() throws Exception {
		this.task.afterLook = (looks) -> {
			if (looks == 1) {
				this.task.publish();
				onAnotherThread(this.thread::wake);
			}
		};
		startAndEnd(2);
	}

	@Test
	void aWakeUpMeantForAWaitInsideTheTaskDoesNotEndTheNextPark() throws Exception {
		CountDownLatch parkedAgain = new CountDownLatch(1);
		this.task.afterRun = (runs) -> {
			if (runs == 1) {
				LockSupport.unpark(Thread.currentThread());
			}
		};
		this.task.afterLook = (looks) -> {
			if (looks == 2) {
				parkedAgain.countDown();
			}
		};
		this.thread.start();
		within(parkedAgain);
		this.task.publish();
		this.thread.wake();
		this.task.awaitRuns(3);
		end();
	}

	@Test
	void anInterruptFromElsewhereIsGoneWhenTheTaskRunsNext() throws Exception {
		this.task.afterLook = (looks) -> {
			if (looks == 1) {
				Thread.currentThread().interrupt();
			}
		};
		this.thread.start();
		this.task.awaitRuns(2);
		assertThat(this.task.ranInterrupted).isFalse();
		end();
	}

	@Test
	void everyWakeUpOfManyRoundsIsHeard() throws Exception {
		int rounds = 20_000;
		int wakers = 2;
		CyclicBarrier round = new CyclicBarrier(wakers, () -> this.task.awaitDone(wakers));
		this.thread.start();
		Thread[] threads = new Thread[wakers];
		AtomicInteger finished = new AtomicInteger();
		for (int i = 0; i < wakers; i++) {
			threads[i] = new Thread(() -> {
				for (int r = 0; r < rounds; r++) {
					this.task.publish();
					this.thread.wake();
					await(round);
				}
				finished.incrementAndGet();
			});
			threads[i].start();
		}
		for (Thread waker : threads) {
			waker.join();
		}
		assertThat(finished).hasValue(wakers);
		end();
	}

	private void startAndEnd(int runs) throws Exception {
		this.thread.start();
		this.task.awaitRuns(runs);
		end();
	}

	private void end() throws InterruptedException {
		this.task.ended = true;
		this.task.publish();
		this.thread.wake();
		within(this.task.end);
	}

	private static void onAnotherThread(Runnable task) {
		Thread other = new Thread(task);
		other.start();
		try {
			other.join();
		}
		catch (InterruptedException ex) {
			throw new IllegalStateException(ex);
		}
	}

	private static void await(CyclicBarrier barrier) {
		try {
			barrier.await();
		}
		catch (InterruptedException | BrokenBarrierException ex) {
			throw new IllegalStateException(ex);
		}
	}

	private static void within(CountDownLatch latch) throws InterruptedException {
		assertThat(latch.await(10, TimeUnit.SECONDS)).as("opened in time").isTrue();
	}

	private interface Step {

		void at(int count);

	}

	/** Lets a test act between two steps of the thread. */
	private static final class Task implements SerialTask {

		private final AtomicInteger work = new AtomicInteger();

		private final AtomicInteger done = new AtomicInteger();

		private final AtomicInteger runs = new AtomicInteger();

		private final CountDownLatch end = new CountDownLatch(1);

		private int looks;

		volatile boolean ended;

		volatile boolean ranInterrupted;

		volatile Step afterRun = (count) -> {
		};

		volatile Step afterLook = (count) -> {
		};

		void publish() {
			this.work.incrementAndGet();
		}

		/** Spins: a wait of the test must not lend its wake-up to the thread. */
		void awaitRuns(int count) {
			long start = System.nanoTime();
			while (this.runs.get() < count) {
				failAfterTenSeconds(start);
			}
		}

		/** Waits until so much was done, and starts to count anew. */
		void awaitDone(int count) {
			long start = System.nanoTime();
			while (this.done.get() < count) {
				failAfterTenSeconds(start);
			}
			this.done.set(0);
		}

		private void failAfterTenSeconds(long start) {
			if (System.nanoTime() - start > TimeUnit.SECONDS.toNanos(10)) {
				throw new IllegalStateException("%d of its work was left".formatted(this.work.get()));
			}
			Thread.onSpinWait();
		}

		@Override
		public boolean runAvailable() {
			this.ranInterrupted |= Thread.currentThread().isInterrupted();
			this.done.addAndGet(this.work.getAndSet(0));
			boolean last = this.ended;
			this.afterRun.at(this.runs.incrementAndGet());
			if (last) {
				this.end.countDown();
			}
			return last;
		}

		@Override
		public boolean hasWork() {
			boolean has = this.work.get() != 0;
			this.afterLook.at(++this.looks);
			return has;
		}

		@Override
		public void rejected() {
			throw new IllegalStateException("Rejected");
		}

	}

}
