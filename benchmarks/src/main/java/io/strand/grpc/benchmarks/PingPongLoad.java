package io.strand.grpc.benchmarks;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicIntegerArray;
import java.util.concurrent.atomic.LongAdder;

import io.grpc.ManagedChannel;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import io.grpc.stub.ClientCallStreamObserver;
import io.grpc.stub.ClientResponseObserver;

/**
 * Streams on one connection that send a message, wait for the answer, and so on.
 */
final class PingPongLoad implements AutoCloseable {

	private static final Request PING = Request.newBuilder().setNumber(42).build();

	private final ManagedChannel channel;

	private final int streams;

	private final LongAdder done = new LongAdder();

	private final LongAdder failed = new LongAdder();

	private final CountDownLatch ended;

	/** Round trips of the first stream by how long they took, in microseconds. */
	private final AtomicIntegerArray roundTrips = new AtomicIntegerArray(20_000);

	private volatile boolean stopped;

	PingPongLoad(int port, int streams) {
		this.channel = NettyChannelBuilder.forAddress("localhost", port).usePlaintext().directExecutor().build();
		this.streams = streams;
		this.ended = new CountDownLatch(streams);
	}

	void start() {
		for (int i = 0; i < this.streams; i++) {
			BenchGrpc.newStub(this.channel).pingPong(new Player(i == 0)).onNext(PING);
		}
	}

	long done() {
		return this.done.sum();
	}

	long failed() {
		return this.failed.sum();
	}

	/** The median round trip of the first stream, in microseconds. */
	double p50Micros() {
		long all = 0;
		for (int i = 0; i < this.roundTrips.length(); i++) {
			all += this.roundTrips.get(i);
		}
		long below = 0;
		int micros = 0;
		while (below < all / 2) {
			below += this.roundTrips.get(micros++);
		}
		return micros;
	}

	@Override
	public void close() throws InterruptedException {
		this.stopped = true;
		this.ended.await(10, TimeUnit.SECONDS);
		this.channel.shutdownNow().awaitTermination(5, TimeUnit.SECONDS);
	}

	private final class Player implements ClientResponseObserver<Request, Response> {

		private final boolean timed;

		private ClientCallStreamObserver<Request> requests;

		private long sentNanos = System.nanoTime();

		Player(boolean timed) {
			this.timed = timed;
		}

		@Override
		public void beforeStart(ClientCallStreamObserver<Request> requests) {
			this.requests = requests;
		}

		@Override
		public void onNext(Response response) {
			PingPongLoad.this.done.increment();
			if (this.timed) {
				long now = System.nanoTime();
				long micros = (now - this.sentNanos) / 1000;
				PingPongLoad.this.roundTrips
					.incrementAndGet((int) Math.min(micros, PingPongLoad.this.roundTrips.length() - 1));
				this.sentNanos = now;
			}
			if (PingPongLoad.this.stopped) {
				this.requests.onCompleted();
			}
			else {
				this.requests.onNext(PING);
			}
		}

		@Override
		public void onError(Throwable error) {
			PingPongLoad.this.failed.increment();
			PingPongLoad.this.ended.countDown();
		}

		@Override
		public void onCompleted() {
			PingPongLoad.this.ended.countDown();
		}

	}

}
