package io.strand.grpc.sample.tour;

import java.time.Duration;
import java.util.Arrays;
import java.util.List;

/**
 * How long each of many calls took. Immutable.
 */
final class Latencies {

	private final long[] sortedNanos;

	private Latencies(long[] sortedNanos) {
		this.sortedNanos = sortedNanos;
	}

	static Latencies measure(int times, Runnable call) {
		long[] nanos = new long[times];
		for (int i = 0; i < times; i++) {
			long start = System.nanoTime();
			call.run();
			nanos[i] = System.nanoTime() - start;
		}
		Arrays.sort(nanos);
		return new Latencies(nanos);
	}

	static Latencies of(List<Duration> times) {
		return new Latencies(times.stream().mapToLong(Duration::toNanos).sorted().toArray());
	}

	int count() {
		return this.sortedNanos.length;
	}

	Duration median() {
		return percentile(50);
	}

	Duration percentile(int percent) {
		int index = (int) Math.ceil(percent / 100.0 * this.sortedNanos.length) - 1;
		return Duration.ofNanos(this.sortedNanos[Math.max(0, index)]);
	}

}
