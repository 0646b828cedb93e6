package io.strand.grpc.stress;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;

import io.grpc.ManagedChannel;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import io.strand.grpc.testing.EchoGrpc;
import io.strand.grpc.testing.Message;

/**
 * Clients that mean well and make one call after the other.
 */
final class NormalCalls implements AutoCloseable {

	private static final int THREADS = 8;

	private final ManagedChannel channel;

	private final List<Thread> threads = new ArrayList<>();

	private final LongAdder answered = new LongAdder();

	private final ConcurrentMap<Status.Code, LongAdder> failed = new ConcurrentHashMap<>();

	private volatile boolean over;

	NormalCalls(int port) {
		this.channel = NettyChannelBuilder.forAddress("localhost", port).usePlaintext().build();
		for (int i = 0; i < THREADS; i++) {
			Thread thread = new Thread(this::call, "normal-" + i);
			thread.start();
			this.threads.add(thread);
		}
	}

	private void call() {
		EchoGrpc.EchoBlockingStub echo = EchoGrpc.newBlockingStub(this.channel);
		Message message = Message.newBuilder().setText("hello").build();
		while (!this.over) {
			try {
				echo.withDeadlineAfter(10, TimeUnit.SECONDS).unary(message);
				this.answered.increment();
			}
			catch (StatusRuntimeException ex) {
				this.failed.computeIfAbsent(ex.getStatus().getCode(), (code) -> new LongAdder()).increment();
			}
		}
	}

	long answered() {
		return this.answered.sum();
	}

	long failed() {
		return this.failed.values().stream().mapToLong(LongAdder::sum).sum();
	}

	Map<Status.Code, LongAdder> failures() {
		return this.failed;
	}

	/** Lets the calls that are on their way end. */
	@Override
	public void close() throws InterruptedException {
		this.over = true;
		for (Thread thread : this.threads) {
			thread.join();
		}
		this.channel.shutdownNow().awaitTermination(5, TimeUnit.SECONDS);
	}

}
