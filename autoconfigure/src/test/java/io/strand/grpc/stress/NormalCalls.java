package io.strand.grpc.stress;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;

import io.grpc.Channel;
import io.grpc.ManagedChannel;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import io.strand.grpc.testing.EchoGrpc;
import io.strand.grpc.testing.Message;

/**
 * Clients that mean well and make one call after the other: half of them over a
 * connection that they keep, half of them each call over a new one, who notice a server
 * that accepts none.
 */
final class NormalCalls implements AutoCloseable {

	private static final int THREADS = 8;

	private static final Message MESSAGE = Message.newBuilder().setText("hello").build();

	private final int port;

	private final ManagedChannel kept;

	private final List<Thread> threads = new ArrayList<>();

	private final Tally overKept = new Tally();

	private final Tally overNew = new Tally();

	private volatile boolean over;

	NormalCalls(int port) {
		this.port = port;
		this.kept = newChannel();
		for (int i = 0; i < THREADS; i++) {
			Thread thread = new Thread((i % 2 == 0) ? this::callOverKept : this::callOverNew, "normal-" + i);
			thread.start();
			this.threads.add(thread);
		}
	}

	private ManagedChannel newChannel() {
		return NettyChannelBuilder.forAddress("localhost", this.port).usePlaintext().build();
	}

	private void callOverKept() {
		while (!this.over) {
			this.overKept.call(this.kept);
		}
	}

	private void callOverNew() {
		while (!this.over) {
			ManagedChannel channel = newChannel();
			this.overNew.call(channel);
			channel.shutdownNow();
			awaitTermination(channel);
		}
	}

	private static void awaitTermination(ManagedChannel channel) {
		try {
			channel.awaitTermination(5, TimeUnit.SECONDS);
		}
		catch (InterruptedException ex) {
			Thread.currentThread().interrupt();
		}
	}

	/** Those over the connection that is kept. */
	Tally overKept() {
		return this.overKept;
	}

	/** Those over connections of their own. */
	Tally overNew() {
		return this.overNew;
	}

	long all() {
		return this.overKept.all() + this.overNew.all();
	}

	/** Lets the calls that are on their way end. */
	@Override
	public void close() throws InterruptedException {
		this.over = true;
		for (Thread thread : this.threads) {
			thread.join();
		}
		this.kept.shutdownNow().awaitTermination(5, TimeUnit.SECONDS);
	}

	/**
	 * What has become of calls of one kind.
	 */
	static final class Tally {

		private final LongAdder answered = new LongAdder();

		private final ConcurrentMap<Status.Code, LongAdder> failed = new ConcurrentHashMap<>();

		private void call(Channel channel) {
			try {
				EchoGrpc.newBlockingStub(channel).withDeadlineAfter(10, TimeUnit.SECONDS).unary(MESSAGE);
				this.answered.increment();
			}
			catch (StatusRuntimeException ex) {
				this.failed.computeIfAbsent(ex.getStatus().getCode(), (code) -> new LongAdder()).increment();
			}
		}

		long answered() {
			return this.answered.sum();
		}

		long failed() {
			return this.failed.values().stream().mapToLong(LongAdder::sum).sum();
		}

		long all() {
			return answered() + failed();
		}

		@Override
		public String toString() {
			return "%d answered, %d failed %s".formatted(answered(), failed(), this.failed);
		}

	}

}
