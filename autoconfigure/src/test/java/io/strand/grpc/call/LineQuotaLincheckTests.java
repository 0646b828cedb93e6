package io.strand.grpc.call;

import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.IntConsumer;

import io.strand.grpc.testing.LincheckThreads;
import org.jetbrains.lincheck.Lincheck;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * Tries the interleavings of {@link LineQuota}: as many lines as may be are let through,
 * and each of the others is told once.
 */
@Tag("lincheck")
class LineQuotaLincheckTests {

	private static final long SECOND = 7;

	@Test
	void asManyLinesAreLetThroughAsMayBe() {
		Lincheck.runConcurrentTest(300, () -> {
			Lines lines = new Lines(LineQuota.LINES_PER_SECOND - 1);
			Asker first = new Asker(lines);
			Asker second = new Asker(lines);
			LincheckThreads.run(first, second);
			check(first.letThrough + second.letThrough == 1,
					"%d and %d were let through".formatted(first.letThrough, second.letThrough));
			lines.checkTold(1);
		});
	}

	@Test
	void firstLinesOfASecondAreAllCounted() {
		Lincheck.runConcurrentTest(300, () -> {
			Lines lines = new Lines(0);
			Asker first = new Asker(lines);
			Asker second = new Asker(lines);
			LincheckThreads.run(first, second);
			lines.take(LineQuota.LINES_PER_SECOND - 2);
			check(!lines.quota.tryTake(SECOND), "One more was let through");
			lines.checkTold(1);
		});
	}

	@Test
	void linesThatAreLeftOutAreToldOnce() {
		Lincheck.runConcurrentTest(300, () -> {
			Lines lines = new Lines(LineQuota.LINES_PER_SECOND);
			LincheckThreads.run(new Asker(lines), new Asker(lines), new Teller(lines));
			lines.checkTold(2);
		});
	}

	private static void check(boolean holds, String message) {
		if (!holds) {
			throw new IllegalStateException(message);
		}
	}

	/** A quota whose second passes when the test says so. */
	private static final class Lines implements IntConsumer {

		private final Queue<Runnable> later = new ConcurrentLinkedQueue<>();

		private final AtomicInteger told = new AtomicInteger();

		private final LineQuota quota = new LineQuota(this, this.later::add);

		Lines(int taken) {
			take(taken);
		}

		void take(int lines) {
			for (int i = 0; i < lines; i++) {
				check(this.quota.tryTake(SECOND), "One of the first was left out");
			}
		}

		@Override
		public void accept(int leftOut) {
			check(leftOut > 0, "Nothing was left out");
			this.told.addAndGet(leftOut);
		}

		void tell() {
			Runnable task = this.later.poll();
			while (task != null) {
				task.run();
				task = this.later.poll();
			}
		}

		void checkTold(int leftOut) {
			tell();
			check(this.told.get() == leftOut, "%d were told, not %d".formatted(this.told.get(), leftOut));
		}

	}

	private static final class Asker extends Thread {

		private final Lines lines;

		private int letThrough;

		Asker(Lines lines) {
			this.lines = lines;
		}

		@Override
		public void run() {
			this.letThrough = this.lines.quota.tryTake(SECOND) ? 1 : 0;
		}

	}

	private static final class Teller extends Thread {

		private final Lines lines;

		Teller(Lines lines) {
			this.lines = lines;
		}

		@Override
		public void run() {
			this.lines.tell();
		}

	}

}
