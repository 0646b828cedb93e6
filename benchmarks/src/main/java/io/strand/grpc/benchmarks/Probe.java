package io.strand.grpc.benchmarks;

import java.util.Arrays;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

import io.grpc.ManagedChannel;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;

/**
 * Small unary calls on a connection of their own, one each millisecond, to see how long
 * they take.
 */
final class Probe implements AutoCloseable {

	private static final Request REQUEST = Request.newBuilder().setNumber(42).build();

	private static final long EVERY_NANOS = TimeUnit.MILLISECONDS.toNanos(1);

	private final ManagedChannel channel;

	private final BenchGrpc.BenchBlockingStub stub;

	private long failed;

	Probe(int port) {
		this.channel = NettyChannelBuilder.forAddress("localhost", port).usePlaintext().build();
		this.stub = BenchGrpc.newBlockingStub(this.channel);
	}

	/**
	 * Calls for some time.
	 * @param seconds how long
	 * @return the 99th percentile of the times that calls took, in microseconds
	 */
	double p99(double seconds) {
		long[] nanos = new long[(int) (seconds * 1e9 / EVERY_NANOS) + 1];
		int count = 0;
		long start = System.nanoTime();
		long next = start;
		while (next - start < seconds * 1e9 && count < nanos.length) {
			while (next - System.nanoTime() > 0) {
				LockSupport.parkNanos(next - System.nanoTime());
			}
			long before = System.nanoTime();
			try {
				this.stub.withDeadlineAfter(10, TimeUnit.SECONDS).unary(REQUEST);
			}
			catch (StatusRuntimeException ex) {
				this.failed++;
			}
			long after = System.nanoTime();
			nanos[count++] = after - before;
			next = Math.max(next + EVERY_NANOS, after);
		}
		long[] sorted = Arrays.copyOf(nanos, count);
		Arrays.sort(sorted);
		return sorted[Math.min(count - 1, count * 99 / 100)] / 1e3;
	}

	long failed() {
		return this.failed;
	}

	@Override
	public void close() throws InterruptedException {
		this.channel.shutdownNow().awaitTermination(5, TimeUnit.SECONDS);
	}

}
