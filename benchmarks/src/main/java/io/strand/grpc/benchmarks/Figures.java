package io.strand.grpc.benchmarks;

import java.io.IOException;
import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import java.util.function.ToDoubleFunction;

/**
 * What one run of a load measured.
 *
 * @param rate calls or messages per second
 * @param cpuMicros CPU time of the server for each, in microseconds
 * @param threads most threads seen in the server
 * @param failed calls that failed
 * @param p50Micros the median time of a round trip in microseconds, not a number where
 * none is measured
 */
record Figures(double rate, double cpuMicros, int threads, long failed, double p50Micros) {

	static Figures over(double seconds, ServerProcess server, LongSupplier done, LongSupplier failed)
			throws IOException, InterruptedException {
		long before = done.getAsLong();
		Duration cpuBefore = server.cpu();
		long start = System.nanoTime();
		int threads = 0;
		while (System.nanoTime() - start < seconds * 1e9) {
			TimeUnit.MILLISECONDS.sleep(100);
			threads = Math.max(threads, server.threads());
		}
		return of(done.getAsLong() - before, System.nanoTime() - start, server.cpu().minus(cpuBefore), threads,
				failed.getAsLong());
	}

	static Figures of(long count, long nanos, Duration cpu, int threads, long failed) {
		return new Figures(count / (nanos / 1e9), cpu.toNanos() / 1e3 / Math.max(count, 1), threads, failed,
				Double.NaN);
	}

	Figures withP50(double micros) {
		return new Figures(this.rate, this.cpuMicros, this.threads, this.failed, micros);
	}

	static Figures median(List<Figures> figures) {
		return new Figures(median(figures, Figures::rate), median(figures, Figures::cpuMicros),
				(int) median(figures, Figures::threads), figures.stream().mapToLong(Figures::failed).sum(),
				median(figures, Figures::p50Micros));
	}

	private static double median(List<Figures> figures, ToDoubleFunction<Figures> figure) {
		return medianOf(figures.stream().map((each) -> figure.applyAsDouble(each)).toList());
	}

	static double medianOf(List<Double> values) {
		List<Double> sorted = values.stream().sorted(Comparator.naturalOrder()).toList();
		int middle = sorted.size() / 2;
		return (sorted.size() % 2 == 1) ? sorted.get(middle) : (sorted.get(middle - 1) + sorted.get(middle)) / 2;
	}

}
