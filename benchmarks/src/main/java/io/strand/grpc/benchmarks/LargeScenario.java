package io.strand.grpc.benchmarks;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;

import com.google.protobuf.ByteString;
import io.grpc.ManagedChannel;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import io.grpc.stub.StreamObserver;

/**
 * 64 MiB of requests in flight on one connection, and small calls on another, which are
 * measured with and without in turn.
 */
final class LargeScenario implements Scenario {

	/** Just below what a server accepts by default. */
	private static final ByteString PAYLOAD = ByteString.copyFrom(new byte[4_190_000]);

	private static final int IN_FLIGHT = 17;

	/**
	 * How long a request waits for the next; without, the machine has nothing to spare.
	 */
	private static final int PAUSE_MILLIS = Integer.getInteger("pause", 0);

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
			// To warm up
			loaded(server, probes.get(probes.size() - 1), seconds, new ArrayList<>());
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
					beside / alone, done.get(i) * (PAYLOAD.size() / 1048576.0) / (rounds * seconds),
					probes.get(i).failed());
			probes.get(i).close();
			servers.get(i).close();
		}
	}

	private static long loaded(ServerProcess server, Probe probe, double seconds, List<Double> p99) throws Exception {
		ManagedChannel channel = NettyChannelBuilder.forAddress("localhost", server.port()).usePlaintext().build();
		Load load = new Load(channel);
		try {
			load.start();
			TimeUnit.MILLISECONDS.sleep(500);
			long before = load.done.sum();
			p99.add(probe.p99(seconds));
			return load.done.sum() - before;
		}
		finally {
			load.stopped = true;
			load.ended.await(10, TimeUnit.SECONDS);
			channel.shutdownNow().awaitTermination(5, TimeUnit.SECONDS);
		}
	}

	private static final class Load {

		private final BenchGrpc.BenchStub stub;

		private final Request request = Request.newBuilder().setPayload(PAYLOAD).build();

		private final LongAdder done = new LongAdder();

		private final CountDownLatch ended = new CountDownLatch(IN_FLIGHT);

		private volatile boolean stopped;

		Load(ManagedChannel channel) {
			this.stub = BenchGrpc.newStub(channel);
		}

		void start() {
			for (int i = 0; i < IN_FLIGHT; i++) {
				next();
			}
		}

		private void next() {
			if (this.stopped) {
				this.ended.countDown();
				return;
			}
			this.stub.unary(this.request, new StreamObserver<>() {

				@Override
				public void onNext(Response response) {
					Load.this.done.increment();
				}

				@Override
				public void onError(Throwable error) {
					error.printStackTrace();
					Load.this.ended.countDown();
				}

				@Override
				public void onCompleted() {
					pause();
					next();
				}

			});
		}

		private static void pause() {
			try {
				TimeUnit.MILLISECONDS.sleep(PAUSE_MILLIS);
			}
			catch (InterruptedException ex) {
				Thread.currentThread().interrupt();
			}
		}

	}

}
