package io.strand.grpc.call;

import java.util.Objects;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

import io.grpc.netty.shaded.io.netty.util.concurrent.AbstractEventExecutor;
import io.grpc.netty.shaded.io.netty.util.concurrent.Future;
import io.grpc.netty.shaded.io.netty.util.concurrent.ScheduledFuture;
import io.strand.grpc.thread.SerialThread;
import io.strand.grpc.testing.LincheckThreads;
import org.jetbrains.lincheck.Lincheck;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * Tries the interleavings of the answers of a batch: while other calls answer or come to
 * rest and the timer closes the batch, each answer is sent, and once.
 */
@Tag("lincheck")
class TransportLoopLincheckTests {

	@Test
	void answersOfCallsThatAnswerAtTheSameTimeAreSentOnce() {
		Lincheck.runConcurrentTest(200, () -> {
			Loop loop = new Loop();
			CallBatch batch = loop.batchOf(2);
			Answerer first = new Answerer(batch);
			Answerer second = new Answerer(batch);
			LincheckThreads.run(first, second, loop.tasks());
			loop.end();
			check(first);
			check(second);
		});
	}

	@Test
	void answerIsSentOnceWhenTheOtherCallComesToRest() {
		Lincheck.runConcurrentTest(200, () -> {
			Loop loop = new Loop();
			CallBatch batch = loop.batchOf(2);
			Answerer answerer = new Answerer(batch);
			LincheckThreads.run(answerer, new Leaver(batch), loop.tasks());
			loop.end();
			check(answerer);
		});
	}

	@Test
	void answerIsSentOnceWhenTheTimerClosesTheBatchOfACallThatBlocks() {
		Lincheck.runConcurrentTest(200, () -> {
			Loop loop = new Loop();
			CallBatch batch = loop.batchOf(3);
			loop.letTimePass(batch);
			Answerer first = new Answerer(batch);
			Answerer second = new Answerer(batch);
			LincheckThreads.run(first, second, loop.timer());
			loop.end();
			check(first);
			check(second);
		});
	}

	@Test
	void answerIsSentOnceWhenTheTimerComesWithTheRestOfTheOtherCall() {
		Lincheck.runConcurrentTest(200, () -> {
			Loop loop = new Loop();
			CallBatch batch = loop.batchOf(2);
			loop.letTimePass(batch);
			Answerer answerer = new Answerer(batch);
			LincheckThreads.run(answerer, new Leaver(batch), loop.timer());
			loop.end();
			check(answerer);
		});
	}

	private static void check(Answerer answerer) {
		if (answerer.sent.get() != 1) {
			throw new IllegalStateException("An answer was sent %d times".formatted(answerer.sent.get()));
		}
	}

	/** A call that answers. */
	private static final class Answerer extends Thread {

		private final CallBatch batch;

		private final AtomicInteger sent = new AtomicInteger();

		Answerer(CallBatch batch) {
			this.batch = batch;
		}

		@Override
		public void run() {
			this.batch.answer(this.sent::incrementAndGet);
		}

	}

	/** A call that has no answer for now. */
	private static final class Leaver extends Thread {

		private final CallBatch batch;

		Leaver(CallBatch batch) {
			this.batch = batch;
		}

		@Override
		public void run() {
			this.batch.leave();
		}

	}

	/** An event loop that runs its tasks when the test says so. */
	private static final class Loop extends AbstractEventExecutor {

		private final Queue<Runnable> tasks = new ConcurrentLinkedQueue<>();

		private final Queue<Runnable> timers = new ConcurrentLinkedQueue<>();

		private final TransportLoop loop = new TransportLoop(this);

		CallBatch batchOf(int calls) {
			CallBatch batch = Objects.requireNonNull(this.loop.start(new Call()));
			for (int i = 1; i < calls; i++) {
				this.loop.start(new Call());
			}
			run(this.tasks);
			return batch;
		}

		/** Time stands still for Lincheck. */
		void letTimePass(CallBatch batch) {
			batch.lingerUntil(System.nanoTime());
		}

		Thread tasks() {
			return new Runner(this.tasks);
		}

		Thread timer() {
			return new Runner(this.timers);
		}

		/** What comes after the race: no timer, so what is left to it alone is lost. */
		void end() {
			run(this.tasks);
		}

		private static void run(Queue<Runnable> tasks) {
			Runnable task = tasks.poll();
			while (task != null) {
				task.run();
				task = tasks.poll();
			}
		}

		@Override
		public void execute(Runnable task) {
			this.tasks.add(task);
		}

		@Override
		public @Nullable ScheduledFuture<?> schedule(Runnable task, long delay, TimeUnit unit) {
			this.timers.add(task);
			return null;
		}

		@Override
		public boolean inEventLoop(Thread thread) {
			return false;
		}

		@Override
		public boolean isShuttingDown() {
			return false;
		}

		@Override
		public Future<?> shutdownGracefully(long quietPeriod, long timeout, TimeUnit unit) {
			throw new UnsupportedOperationException();
		}

		@Override
		public Future<?> terminationFuture() {
			throw new UnsupportedOperationException();
		}

		@Override
		@Deprecated
		public void shutdown() {
			throw new UnsupportedOperationException();
		}

		@Override
		public boolean isShutdown() {
			return false;
		}

		@Override
		public boolean isTerminated() {
			return false;
		}

		@Override
		public boolean awaitTermination(long timeout, TimeUnit unit) {
			return false;
		}

		/** A class of its own, since Lincheck does not see what a lambda shares. */
		private static final class Runner extends Thread {

			private final Queue<Runnable> tasks;

			Runner(Queue<Runnable> tasks) {
				this.tasks = tasks;
			}

			@Override
			public void run() {
				Loop.run(this.tasks);
			}

		}

	}

	/** A call's thread, whose part the test plays. */
	private static final class Call implements SerialThread {

		@Override
		public void start() {
		}

		@Override
		public void wake() {
		}

		@Override
		public boolean isVirtual() {
			return false;
		}

	}

}
