package io.strand.grpc.sample.tour;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Threads that begin the same work at the same moment. They are platform threads, on
 * every Java.
 */
final class Crew {

	private static final long LIMIT_SECONDS = 60;

	private Crew() {
	}

	/**
	 * Has work done. Blocks until all have done it, a minute at most.
	 * @param size how many threads
	 * @param work what each of them does, given its number from 0
	 * @param <T> what the work results in
	 * @return the results
	 * @throws Exception if a thread failed, took too long, or the caller was interrupted
	 */
	static <T> Report<T> work(int size, Work<T> work) throws Exception {
		AtomicLong start = new AtomicLong();
		CyclicBarrier gate = new CyclicBarrier(size, () -> start.set(System.nanoTime()));
		ExecutorService threads = Executors.newFixedThreadPool(size);
		try {
			List<Future<T>> futures = new ArrayList<>();
			for (int i = 0; i < size; i++) {
				int number = i;
				futures.add(threads.submit(() -> {
					gate.await(LIMIT_SECONDS, TimeUnit.SECONDS);
					return work.run(number);
				}));
			}
			long limit = System.nanoTime() + TimeUnit.SECONDS.toNanos(LIMIT_SECONDS);
			List<T> results = new ArrayList<>();
			for (Future<T> future : futures) {
				results.add(future.get(limit - System.nanoTime(), TimeUnit.NANOSECONDS));
			}
			return new Report<>(results, Duration.ofNanos(System.nanoTime() - start.get()));
		}
		finally {
			threads.shutdownNow();
		}
	}

	interface Work<T> {

		T run(int number) throws Exception;

	}

	record Report<T>(List<T> results, Duration time) {

	}

}
