package io.strand.grpc.benchmarks;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;

import io.grpc.ManagedChannel;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import io.strand.grpc.client.connection.SpreadChannel;

/**
 * One blocking stub and 512 virtual threads that call with it, on a channel of 1, 2, 4
 * and 8 connections. How many calls a second the client makes depends on its cores and on
 * how many calls the server takes at a time on a connection.
 */
final class ConnectionsScenario implements Scenario {

	private static final int THREADS = Integer.getInteger("threads", 512);

	private static final List<Integer> CONNECTIONS = Arrays
		.stream(System.getProperty("connections", "1,2,4,8").split(","))
		.map(Integer::valueOf)
		.toList();

	private static final Request REQUEST = Request.newBuilder()
		.setNumber(42)
		.setBlockMillis(Integer.getInteger("block-millis", 0))
		.build();

	@Override
	public void run(List<Variant> variants, List<String> options, int rounds, double seconds) throws Exception {
		for (Variant variant : variants) {
			try (ServerProcess server = new ServerProcess(variant, options)) {
				measure(server, 1, seconds); // to warm up
				List<List<Double>> rates = new ArrayList<>();
				CONNECTIONS.forEach((connections) -> rates.add(new ArrayList<>()));
				for (int round = 0; round < rounds; round++) {
					for (int i = 0; i < CONNECTIONS.size(); i++) {
						rates.get(i).add(measure(server, CONNECTIONS.get(i), seconds));
					}
				}
				report(variant, rates);
			}
		}
	}

	private static void report(Variant variant, List<List<Double>> rates) {
		System.out.printf("%-16s %12s %12s %10s%n", "variant", "connections", "per second", "ratio");
		double base = Figures.medianOf(rates.get(0));
		for (int i = 0; i < CONNECTIONS.size(); i++) {
			double rate = Figures.medianOf(rates.get(i));
			System.out.printf(Locale.ROOT, "%-16s %12d %12.0f %10.2f%n", variant, CONNECTIONS.get(i), rate,
					rate / base);
		}
	}

	private static double measure(ServerProcess server, int connections, double seconds) throws Exception {
		Executor threads = BenchServer.virtualThreads();
		List<ManagedChannel> channels = new ArrayList<>();
		for (int i = 0; i < connections; i++) {
			channels.add(NettyChannelBuilder.forAddress("localhost", server.port()).usePlaintext().build());
		}
		SpreadChannel channel = new SpreadChannel(channels);
		Callers callers = new Callers(BenchGrpc.newBlockingStub(channel));
		try {
			for (int i = 0; i < THREADS; i++) {
				threads.execute(callers::call);
			}
			TimeUnit.MILLISECONDS.sleep(1000);
			long before = callers.done.sum();
			long start = System.nanoTime();
			TimeUnit.MILLISECONDS.sleep((long) (seconds * 1000));
			return (callers.done.sum() - before) / ((System.nanoTime() - start) / 1e9);
		}
		finally {
			callers.stopped = true;
			callers.ended.await(10, TimeUnit.SECONDS);
			channel.shutdownNow().awaitTermination(5, TimeUnit.SECONDS);
		}
	}

	private static final class Callers {

		private final BenchGrpc.BenchBlockingStub stub;

		private final LongAdder done = new LongAdder();

		private final CountDownLatch ended = new CountDownLatch(THREADS);

		private volatile boolean stopped;

		Callers(BenchGrpc.BenchBlockingStub stub) {
			this.stub = stub;
		}

		void call() {
			try {
				while (!this.stopped) {
					this.stub.unary(REQUEST);
					this.done.increment();
				}
			}
			catch (StatusRuntimeException ex) {
				ex.printStackTrace();
			}
			finally {
				this.ended.countDown();
			}
		}

	}

}
