package io.strand.grpc.benchmarks;

import java.io.IOException;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.ToDoubleFunction;

/**
 * 64 MiB of requests in flight on one connection, and small calls on another, which are
 * measured in turn without, with the large ones sent to another server of the same kind,
 * and with the large ones beside them. What the second adds to the first is not because
 * both share a server: it is what clients, server and another process do to each other on
 * the same processors. A 99th percentile is what those calls take that the machine
 * disturbs most, and machines have better and worse minutes, so each measurement is
 * compared with those right before it, and a ratio is the median of these.
 */
final class LargeScenario implements Scenario {

	/** Just below what a server accepts by default. */
	private static final int PAYLOAD = 4_190_000;

	private static final int IN_FLIGHT = 17;

	/**
	 * In megabytes per second, by default that of a gigabit link. Zero for as fast as it
	 * goes, which leaves the machine nothing to spare.
	 */
	private static final int LINK = Integer.getInteger("link", 125);

	private static final double SMALL_WARM_UP_SECONDS = 10;

	/**
	 * Until then the compiler takes a third of a processor, and slow calls are those that
	 * wait for it.
	 */
	private static final double WARM_UP_SECONDS = 30;

	private static final int FORKS = Integer.getInteger("forks", 1);

	@Override
	public void run(List<Variant> variants, List<String> options, int rounds, double seconds) throws Exception {
		Map<Variant, List<Round>> measured = new EnumMap<>(Variant.class);
		for (int fork = 0; fork < FORKS; fork++) {
			measure(variants, options, rounds, seconds, measured);
		}
		System.out.printf("%-16s %10s %10s %10s %18s %18s %12s %8s%n", "p99, us:", "idle", "elsewhere", "beside",
				"beside/idle", "beside/elsewhere", "MiB/s beside", "failed");
		for (Variant variant : variants) {
			report(variant, measured.get(variant), seconds);
		}
	}

	private static void measure(List<Variant> variants, List<String> options, int rounds, double seconds,
			Map<Variant, List<Round>> measured) throws Exception {
		Map<Variant, Subject> subjects = new EnumMap<>(Variant.class);
		try {
			for (Variant variant : variants) {
				subjects.put(variant, new Subject(variant, options));
				subjects.get(variant).warmUp();
			}
			for (int round = 0; round < rounds; round++) {
				for (Variant variant : variants) {
					measured.computeIfAbsent(variant, (key) -> new ArrayList<>())
						.add(subjects.get(variant).round(seconds));
				}
			}
		}
		finally {
			for (Subject subject : subjects.values()) {
				subject.close();
			}
		}
	}

	private static void report(Variant variant, List<Round> rounds, double seconds) {
		System.out.printf(Locale.ROOT, "%-16s %10.0f %10.0f %10.0f %18s %18s %12.0f %8d%n", variant,
				median(rounds, Round::idle), median(rounds, Round::elsewhere), median(rounds, Round::beside),
				withQuartiles(rounds, (round) -> round.beside / round.idle),
				withQuartiles(rounds, (round) -> round.beside / round.elsewhere),
				rounds.stream().mapToLong(Round::done).sum() * (PAYLOAD / 1048576.0) / (rounds.size() * seconds),
				rounds.stream().mapToLong(Round::failed).sum());
	}

	private static double median(List<Round> rounds, ToDoubleFunction<Round> figure) {
		return Figures.medianOf(rounds.stream().map(figure::applyAsDouble).toList());
	}

	private static String withQuartiles(List<Round> rounds, ToDoubleFunction<Round> figure) {
		List<Double> sorted = rounds.stream().map(figure::applyAsDouble).sorted().toList();
		return String.format(Locale.ROOT, "%.2f (%.2f-%.2f)", Figures.medianOf(sorted), sorted.get(sorted.size() / 4),
				sorted.get(sorted.size() * 3 / 4));
	}

	/** A server that is measured, and one like it that only gets large requests. */
	private static final class Subject implements AutoCloseable {

		private final ServerProcess server;

		private final ServerProcess other;

		private final Probe probe;

		private boolean besideFirst;

		Subject(Variant variant, List<String> options) throws IOException {
			this.server = new ServerProcess(variant, options);
			this.other = new ServerProcess(variant, options);
			this.probe = new Probe(this.server.port());
		}

		void warmUp() throws Exception {
			try (Load load = new FrameLoad(this.server.port(), 1, 100, 0)) {
				load.start();
				this.probe.p99(SMALL_WARM_UP_SECONDS);
				check(load);
			}
			with(this.other, WARM_UP_SECONDS);
			with(this.server, WARM_UP_SECONDS);
		}

		Round round(double seconds) throws Exception {
			long failed = this.probe.failed();
			TimeUnit.SECONDS.sleep(1); // until what was before is over
			double idle = this.probe.p99(seconds);
			this.besideFirst = !this.besideFirst; // what comes later has no advantage
			Loaded first = with(this.besideFirst ? this.server : this.other, seconds);
			Loaded second = with(this.besideFirst ? this.other : this.server, seconds);
			Loaded beside = this.besideFirst ? first : second;
			Loaded elsewhere = this.besideFirst ? second : first;
			return new Round(idle, elsewhere.p99, beside.p99, beside.done, this.probe.failed() - failed);
		}

		private Loaded with(ServerProcess loaded, double seconds) throws Exception {
			try (LargeFrameLoad load = new LargeFrameLoad(loaded.port(), PAYLOAD, IN_FLIGHT, LINK)) {
				load.start();
				TimeUnit.SECONDS.sleep(1); // until all are under way
				long before = load.done();
				double p99 = this.probe.p99(seconds);
				check(load);
				return new Loaded(p99, load.done() - before);
			}
		}

		private static void check(Load load) {
			if (load.failed() > 0) {
				throw new IllegalStateException("The load has failed");
			}
		}

		@Override
		public void close() throws Exception {
			this.probe.close();
			this.server.close();
			this.other.close();
		}

	}

	/**
	 * Small calls while there are large ones.
	 *
	 * @param p99 the 99th percentile of the small ones, in microseconds
	 * @param done how many large ones were answered
	 */
	private record Loaded(double p99, long done) {

	}

	/**
	 * Three measurements, one right after the other, in microseconds.
	 *
	 * @param idle the 99th percentile of small calls without large ones
	 * @param elsewhere with large ones to another server
	 * @param beside with large ones to the same server
	 * @param done how many of these were answered
	 * @param failed small calls that failed
	 */
	private record Round(double idle, double elsewhere, double beside, long done, long failed) {

	}

}
