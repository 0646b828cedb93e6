package io.strand.grpc.benchmarks;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;

import io.grpc.ManagedChannel;
import io.grpc.Status;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import io.grpc.stub.ClientCallStreamObserver;
import io.grpc.stub.ClientResponseObserver;

/**
 * One gibibyte in messages of 64 KiB to a client that takes one each five milliseconds.
 * It stops taking at times, which is when the small calls on another connection are
 * measured for comparison.
 */
final class SlowReaderScenario implements Scenario {

	private static final int SIZE = 64 * 1024;

	private static final int MESSAGES = Integer.getInteger("messages", 16 * 1024);

	private static final int EVERY_MILLIS = 5;

	@Override
	public void run(List<Variant> variants, List<String> options, int rounds, double seconds) throws Exception {
		for (Variant variant : variants) {
			ServerProcess server = new ServerProcess(variant, options);
			try (Probe probe = new Probe(server.port())) {
				run(variant, server, probe, seconds);
			}
			finally {
				server.close();
			}
		}
	}

	private static void run(Variant variant, ServerProcess server, Probe probe, double seconds) throws Exception {
		probe.p99(3); // to warm up
		List<Double> silent = new ArrayList<>();
		List<Double> reading = new ArrayList<>();
		System.out.printf("%s before: %s%n", variant, server.directMemory());
		double before = probe.p99(seconds);
		ScheduledExecutorService clock = Executors.newSingleThreadScheduledExecutor();
		ManagedChannel channel = NettyChannelBuilder.forAddress("localhost", server.port()).usePlaintext().build();
		try {
			Reader reader = new Reader();
			var unused = clock.scheduleAtFixedRate(reader::take, EVERY_MILLIS, EVERY_MILLIS, TimeUnit.MILLISECONDS);
			long start = System.nanoTime();
			BenchGrpc.newStub(channel).stream(Request.newBuilder().setMessages(MESSAGES).setSize(SIZE).build(), reader);
			while (reader.end == null) {
				reader.reading = true;
				double p99 = probe.p99(seconds);
				if (reader.end == null) {
					reading.add(p99);
					reader.reading = false;
					silent.add(probe.p99(seconds));
				}
			}
			System.out.printf(Locale.ROOT, "%s: %d of %d messages in %.0f s, %s; failed small calls %d%n", variant,
					reader.received, MESSAGES, (System.nanoTime() - start) / 1e9, reader.end, probe.failed());
			System.out.printf(Locale.ROOT,
					"%s: p99 of small calls %.0f us while it reads, %.0f us while it does not,"
							+ " %.0f us before; ratio %.2f%n",
					variant, Figures.medianOf(reading), Figures.medianOf(silent), before,
					Figures.medianOf(reading) / Figures.medianOf(silent));
			System.out.printf("%s most: %s%n", variant, server.directMemory());
		}
		finally {
			clock.shutdownNow();
			channel.shutdownNow().awaitTermination(5, TimeUnit.SECONDS);
		}
	}

	private static final class Reader implements ClientResponseObserver<Request, Response> {

		private volatile ClientCallStreamObserver<Request> call;

		private volatile boolean reading;

		private volatile int received;

		private volatile Status end;

		void take() {
			if (this.reading && this.call != null) {
				this.call.request(1);
			}
		}

		@Override
		public void beforeStart(ClientCallStreamObserver<Request> call) {
			call.disableAutoRequestWithInitial(0);
			this.call = call;
		}

		@Override
		@SuppressWarnings("NonAtomicOperationOnVolatileField") // callbacks come one at a
																// time
		public void onNext(Response response) {
			this.received++;
		}

		@Override
		public void onError(Throwable error) {
			this.end = Status.fromThrowable(error);
		}

		@Override
		public void onCompleted() {
			this.end = Status.OK;
		}

	}

}
