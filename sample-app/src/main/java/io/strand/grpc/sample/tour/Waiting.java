package io.strand.grpc.sample.tour;

import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.BooleanSupplier;

/**
 * Waits for what nobody announces. Looks again every millisecond.
 */
final class Waiting {

	private Waiting() {
	}

	static boolean isTrueWithin(Duration limit, BooleanSupplier condition) throws InterruptedException {
		long end = System.nanoTime() + limit.toNanos();
		while (!condition.getAsBoolean()) {
			if (System.nanoTime() - end > 0) {
				return false;
			}
			TimeUnit.MILLISECONDS.sleep(1);
		}
		return true;
	}

	static void until(String what, Duration limit, BooleanSupplier condition)
			throws InterruptedException, TimeoutException {
		if (!isTrueWithin(limit, condition)) {
			throw new TimeoutException("After %d ms still waiting for %s".formatted(limit.toMillis(), what));
		}
	}

}
