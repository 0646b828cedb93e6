package io.strand.grpc.benchmarks;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.TimeUnit;

/**
 * 64 MiB of requests in flight on one connection, and small calls on another, which are
 * measured with and without in turn.
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

	/** Until then the small calls are not compiled as well as they will be. */
	private static final double WARM_UP_SECONDS = 15;

	@Override
	public void run(List<Variant> variants, List<String> options, int rounds, double seconds) throws Exception {
		List<ServerProcess> servers = new ArrayList<>();
		List<Probe> probes = new ArrayList<>();
		List<List<Double>> idle = new ArrayList<>();
		List<List<Double>> loaded = new ArrayList<>();
		List<Long> done = new ArrayList<>();
		for (Variant variant : variants) {
			ServerProcess server = new ServerProcess(variant, options);
			servers.add(server);
			probes.add(new Probe(server.port()));
			idle.add(new ArrayList<>());
			loaded.add(new ArrayList<>());
			done.add(0L);
			loaded(server, probes.get(probes.size() - 1), WARM_UP_SECONDS, new ArrayList<>());
		}
		for (int round = 0; round < rounds; round++) {
			for (int i = 0; i < servers.size(); i++) {
				idle.get(i).add(probes.get(i).p99(seconds));
				done.set(i, done.get(i) + loaded(servers.get(i), probes.get(i), seconds, loaded.get(i)));
			}
		}
		System.out.printf("%-16s %16s %16s %8s %12s %8s%n", "variant", "p99 beside, us", "p99 idle, us", "ratio",
				"MiB/s beside", "failed");
		for (int i = 0; i < servers.size(); i++) {
			double beside = Figures.medianOf(loaded.get(i));
			double alone = Figures.medianOf(idle.get(i));
			System.out.printf(Locale.ROOT, "%-16s %16.0f %16.0f %8.2f %12.0f %8d%n", variants.get(i), beside, alone,
					beside / alone, done.get(i) * (PAYLOAD / 1048576.0) / (rounds * seconds), probes.get(i).failed());
			probes.get(i).close();
			servers.get(i).close();
		}
	}

	private static long loaded(ServerProcess server, Probe probe, double seconds, List<Double> p99) throws Exception {
		try (LargeFrameLoad load = new LargeFrameLoad(server.port(), PAYLOAD, IN_FLIGHT, LINK)) {
			load.start();
			TimeUnit.SECONDS.sleep(1); // until all are under way
			long before = load.done();
			p99.add(probe.p99(seconds));
			if (load.failed() > 0) {
				throw new IllegalStateException("The load has failed");
			}
			return load.done() - before;
		}
	}

}
