package io.strand.grpc.benchmarks;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

import io.grpc.ManagedChannel;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import io.grpc.stub.StreamObserver;

/**
 * 32 threads that send on one stream, against one thread that sends as much.
 */
final class SendersScenario implements Scenario {

	private static final int SENDERS = 32;

	private static final int EACH = 10_000;

	private static final int TIMEOUT_SECONDS = 15;

	@Override
	public void run(List<Variant> variants, List<String> options, int rounds, double seconds) throws Exception {
		List<ServerProcess> servers = new ArrayList<>();
		List<List<Run>> many = new ArrayList<>();
		List<List<Run>> one = new ArrayList<>();
		for (Variant variant : variants) {
			ServerProcess server = new ServerProcess(variant, options);
			servers.add(server);
			many.add(new ArrayList<>());
			one.add(new ArrayList<>());
			run(server, SENDERS); // to warm up
			run(server, 1);
		}
		for (int round = 0; round < rounds; round++) {
			for (int i = 0; i < servers.size(); i++) {
				many.get(i).add(run(servers.get(i), SENDERS));
				one.get(i).add(run(servers.get(i), 1));
			}
		}
		System.out.printf("%-16s %12s %14s %8s %22s %14s%n", "variant", "32 senders/s", "one sender/s", "ratio",
				"rounds with all", "out of order");
		for (int i = 0; i < servers.size(); i++) {
			double manyRate = Figures.medianOf(many.get(i).stream().map(Run::rate).toList());
			double oneRate = Figures.medianOf(one.get(i).stream().map(Run::rate).toList());
			System.out.printf(Locale.ROOT, "%-16s %12.0f %14.0f %8.2f %22s %14d%n", variants.get(i), manyRate, oneRate,
					manyRate / oneRate,
					"%d of %d".formatted(many.get(i).stream().filter(Run::complete).count(), rounds),
					many.get(i).stream().mapToLong(Run::disorder).sum());
			servers.get(i).close();
		}
	}

	private static Run run(ServerProcess server, int senders) throws Exception {
		ManagedChannel channel = NettyChannelBuilder.forAddress("localhost", server.port())
			.usePlaintext()
			.directExecutor()
			.build();
		try {
			int[] next = new int[senders];
			long[] counts = new long[2];
			boolean[] good = new boolean[1];
			CountDownLatch ended = new CountDownLatch(1);
			long start = System.nanoTime();
			BenchGrpc.newStub(channel)
				.withDeadlineAfter(TIMEOUT_SECONDS, TimeUnit.SECONDS)
				.manySenders(Request.newBuilder().setSenders(senders).setMessages(SENDERS * EACH / senders).build(),
						new StreamObserver<>() {

							@Override
							public void onNext(Response response) {
								counts[0]++;
								if (next[response.getSender()]++ != response.getNumber()) {
									counts[1]++;
								}
							}

							@Override
							public void onError(Throwable error) {
								ended.countDown();
							}

							@Override
							public void onCompleted() {
								good[0] = true;
								ended.countDown();
							}

						});
			ended.await(TIMEOUT_SECONDS + 1, TimeUnit.SECONDS);
			return new Run(counts[0] / ((System.nanoTime() - start) / 1e9), counts[1],
					good[0] && counts[0] == SENDERS * EACH);
		}
		finally {
			channel.shutdownNow().awaitTermination(5, TimeUnit.SECONDS);
		}
	}

	/**
	 * What one stream brought.
	 *
	 * @param rate messages per second
	 * @param disorder messages that came out of their sender's order
	 * @param complete whether all came and the call ended well
	 */
	private record Run(double rate, long disorder, boolean complete) {
	}

}
