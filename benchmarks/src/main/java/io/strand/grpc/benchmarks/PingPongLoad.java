package io.strand.grpc.benchmarks;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
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

	private volatile boolean stopped;

	PingPongLoad(int port, int streams) {
		this.channel = NettyChannelBuilder.forAddress("localhost", port).usePlaintext().directExecutor().build();
		this.streams = streams;
		this.ended = new CountDownLatch(streams);
	}

	void start() {
		for (int i = 0; i < this.streams; i++) {
			BenchGrpc.newStub(this.channel).pingPong(new Player()).onNext(PING);
		}
	}

	long done() {
		return this.done.sum();
	}

	long failed() {
		return this.failed.sum();
	}

	@Override
	public void close() throws InterruptedException {
		this.stopped = true;
		this.ended.await(10, TimeUnit.SECONDS);
		this.channel.shutdownNow().awaitTermination(5, TimeUnit.SECONDS);
	}

	private final class Player implements ClientResponseObserver<Request, Response> {

		private ClientCallStreamObserver<Request> requests;

		@Override
		public void beforeStart(ClientCallStreamObserver<Request> requests) {
			this.requests = requests;
		}

		@Override
		public void onNext(Response response) {
			PingPongLoad.this.done.increment();
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
