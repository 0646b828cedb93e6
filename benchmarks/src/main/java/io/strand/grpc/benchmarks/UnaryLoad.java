package io.strand.grpc.benchmarks;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;

import io.grpc.CallOptions;
import io.grpc.ManagedChannel;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import io.grpc.stub.ClientCalls;
import io.grpc.stub.StreamObserver;

/**
 * A closed loop of unary calls: so many in flight, each followed by the next.
 */
final class UnaryLoad implements Load {

	private final List<ManagedChannel> channels = new ArrayList<>();

	private final int inFlightPerChannel;

	private final Request request;

	private final LongAdder done = new LongAdder();

	private final LongAdder failed = new LongAdder();

	private volatile boolean stopped;

	private CountDownLatch ended = new CountDownLatch(0);

	UnaryLoad(int port, int connections, int inFlightPerChannel, int blockMillis) {
		for (int i = 0; i < connections; i++) {
			this.channels
				.add(NettyChannelBuilder.forAddress("localhost", port).usePlaintext().directExecutor().build());
		}
		this.inFlightPerChannel = inFlightPerChannel;
		this.request = Request.newBuilder().setNumber(42).setBlockMillis(blockMillis).build();
	}

	@Override
	public void start() {
		this.ended = new CountDownLatch(this.channels.size() * this.inFlightPerChannel);
		for (ManagedChannel channel : this.channels) {
			for (int i = 0; i < this.inFlightPerChannel; i++) {
				next(channel);
			}
		}
	}

	private void next(ManagedChannel channel) {
		if (this.stopped) {
			this.ended.countDown();
			return;
		}
		ClientCalls.asyncUnaryCall(channel.newCall(BenchGrpc.getUnaryMethod(), CallOptions.DEFAULT), this.request,
				new StreamObserver<Response>() {

					@Override
					public void onNext(Response response) {
					}

					@Override
					public void onError(Throwable error) {
						UnaryLoad.this.failed.increment();
						next(channel);
					}

					@Override
					public void onCompleted() {
						UnaryLoad.this.done.increment();
						next(channel);
					}

				});
	}

	@Override
	public long done() {
		return this.done.sum();
	}

	@Override
	public long failed() {
		return this.failed.sum();
	}

	@Override
	public void close() throws InterruptedException {
		this.stopped = true;
		this.ended.await(10, TimeUnit.SECONDS);
		for (ManagedChannel channel : this.channels) {
			channel.shutdownNow().awaitTermination(5, TimeUnit.SECONDS);
		}
	}

}
