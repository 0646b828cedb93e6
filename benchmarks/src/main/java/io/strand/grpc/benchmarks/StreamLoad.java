package io.strand.grpc.benchmarks;

import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;

import io.grpc.ManagedChannel;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import io.grpc.stub.StreamObserver;

/**
 * One stream of small messages from the server.
 */
final class StreamLoad implements AutoCloseable {

	private final ManagedChannel channel;

	StreamLoad(int port) {
		this.channel = NettyChannelBuilder.forAddress("localhost", port).usePlaintext().directExecutor().build();
	}

	Figures run(ServerProcess server, int messages) throws Exception {
		AtomicLong received = new AtomicLong();
		CountDownLatch ended = new CountDownLatch(1);
		Duration cpu = server.cpu();
		long start = System.nanoTime();
		BenchGrpc.newStub(this.channel)
			.stream(Request.newBuilder().setMessages(messages).setSize(16).build(), new StreamObserver<>() {

				@Override
				public void onNext(Response response) {
					received.setPlain(received.getPlain() + 1);
				}

				@Override
				public void onError(Throwable error) {
					error.printStackTrace();
					ended.countDown();
				}

				@Override
				public void onCompleted() {
					ended.countDown();
				}

			});
		ended.await(120, TimeUnit.SECONDS);
		return Figures.of(received.get(), System.nanoTime() - start, server.cpu().minus(cpu), server.threads(),
				messages - received.get());
	}

	@Override
	public void close() throws InterruptedException {
		this.channel.shutdownNow().awaitTermination(5, TimeUnit.SECONDS);
	}

}
