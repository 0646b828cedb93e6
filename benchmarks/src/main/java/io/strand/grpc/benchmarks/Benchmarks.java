package io.strand.grpc.benchmarks;

import java.io.IOException;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/**
 * Measures servers side by side: for each round each variant in turn, a fresh load each
 * time, and the median over the rounds of all forks. Figures are ratios to the first
 * variant named.
 */
public final class Benchmarks {

	/** A slow scenario would not have the server compiled before it is measured. */
	private static final String WARM_UP = "unary-1x100";

	private static final double WARM_UP_SECONDS = 6;

	/**
	 * Of the scenario itself: until then the compiler takes a quarter of the CPU of ten
	 * thousand blocked calls, the same of every variant.
	 */
	private static final double OWN_WARM_UP_SECONDS = 10;

	private Benchmarks() {
	}

	public static void main(String[] args) throws Exception {
		String scenario = args[0];
		int rounds = Integer.getInteger("rounds", 5);
		double seconds = Double.parseDouble(System.getProperty("seconds", "4"));
		List<Variant> variants = new ArrayList<>();
		for (int i = 1; i < args.length; i++) {
			variants.add(Variant.of(args[i]));
		}
		List<String> options = List.of(System.getProperty("server.options", "-Xmx2g").split("[ ;]"));
		Scenario special = special(scenario);
		if (special != null) {
			System.out.printf("%s, Java %s%n", scenario, Runtime.version());
			special.run(variants, options, rounds, seconds);
			System.exit(0);
		}
		Map<Variant, List<Figures>> figures = new EnumMap<>(Variant.class);
		for (int fork = 0; fork < Integer.getInteger("forks", 1); fork++) {
			measure(scenario, variants, options, rounds, seconds, figures);
		}
		report(scenario, variants, figures);
		System.exit(0);
	}

	/**
	 * Rounds with fresh servers: what a JVM happens to compile well differs from one to
	 * the next as much as the variants do.
	 */
	private static void measure(String scenario, List<Variant> variants, List<String> options, int rounds,
			double seconds, Map<Variant, List<Figures>> figures) throws Exception {
		Map<Variant, ServerProcess> servers = new EnumMap<>(Variant.class);
		try {
			for (Variant variant : variants) {
				servers.put(variant, new ServerProcess(variant, options));
				measure(WARM_UP, servers.get(variant), WARM_UP_SECONDS);
				measure(scenario, servers.get(variant), OWN_WARM_UP_SECONDS);
			}
			for (int round = 0; round < rounds; round++) {
				for (Variant variant : variants) {
					figures.computeIfAbsent(variant, (key) -> new ArrayList<>())
						.add(measure(scenario, servers.get(variant), seconds));
				}
			}
		}
		finally {
			for (ServerProcess server : servers.values()) {
				server.close();
			}
		}
	}

	private static Scenario special(String scenario) {
		return switch (scenario) {
			case "senders-32" -> new SendersScenario();
			case "slow-reader" -> new SlowReaderScenario();
			case "large-beside-small" -> new LargeScenario();
			case "connections" -> new ConnectionsScenario();
			default -> null;
		};
	}

	private static void report(String scenario, List<Variant> variants, Map<Variant, List<Figures>> figures) {
		Figures base = Figures.median(figures.get(variants.get(0)));
		System.out.printf("%s, Java %s%n", scenario, Runtime.version());
		System.out.printf("%-16s %12s %14s %8s %10s %10s%n", "variant", "per second", "CPU us each", "threads",
				"rate ratio", "CPU ratio");
		for (Variant variant : variants) {
			Figures median = Figures.median(figures.get(variant));
			System.out.printf(Locale.ROOT, "%-16s %12.0f %14.2f %8d %10.2f %10.2f%s%n", variant, median.rate(),
					median.cpuMicros(), median.threads(), median.rate() / base.rate(),
					median.cpuMicros() / base.cpuMicros(), (median.failed() > 0) ? " FAILED " + median.failed() : "");
			if (!Double.isNaN(median.p50Micros())) {
				System.out.printf(Locale.ROOT, "%-16s %12.0f us median round trip, ratio %.2f%n", "",
						median.p50Micros(), median.p50Micros() / base.p50Micros());
			}
		}
	}

	private static Figures measure(String scenario, ServerProcess server, double seconds) throws Exception {
		return switch (scenario) {
			case "unary-1x100" -> unary(server, 1, 100, 0, seconds);
			case "unary-4x32" -> unary(server, 4, 32, 0, seconds);
			case "unary-sequential" -> unary(server, 1, 1, 0, seconds);
			case "blocked-200" -> unary(server, 1, 200, 50, seconds);
			case "blocked-10000" -> unary(server, 4, 2500, 50, seconds);
			case "pingpong-1" -> pingPong(server, 1, seconds);
			case "pingpong-100" -> pingPong(server, 100, seconds);
			case "stream" -> stream(server, 1_000_000);
			default -> throw new IllegalArgumentException("No scenario '%s'".formatted(scenario));
		};
	}

	private static Figures unary(ServerProcess server, int connections, int inFlight, int blockMillis, double seconds)
			throws Exception {
		try (Load load = load(server.port(), connections, inFlight, blockMillis)) {
			load.start();
			TimeUnit.MILLISECONDS.sleep(500);
			return Figures.over(seconds, server, load::done, load::failed);
		}
	}

	private static Load load(int port, int connections, int inFlight, int blockMillis) throws IOException {
		return Boolean.getBoolean("grpc-client") ? new UnaryLoad(port, connections, inFlight, blockMillis)
				: new FrameLoad(port, connections, inFlight, blockMillis);
	}

	private static Figures pingPong(ServerProcess server, int streams, double seconds) throws Exception {
		try (PingPongLoad load = new PingPongLoad(server.port(), streams)) {
			load.start();
			TimeUnit.MILLISECONDS.sleep(500);
			Figures figures = Figures.over(seconds, server, load::done, load::failed);
			return (streams == 1) ? figures.withP50(load.p50Micros()) : figures;
		}
	}

	private static Figures stream(ServerProcess server, int messages) throws Exception {
		try (StreamLoad load = new StreamLoad(server.port())) {
			return load.run(server, messages);
		}
	}

}
