package io.strand.grpc.benchmarks;

import java.lang.management.BufferPoolMXBean;
import java.lang.management.ManagementFactory;
import java.lang.reflect.Method;
import java.util.Locale;
import java.util.concurrent.TimeUnit;

import io.grpc.netty.shaded.io.netty.buffer.PooledByteBufAllocator;
import io.grpc.netty.shaded.io.netty.util.internal.PlatformDependent;

/**
 * The most direct memory that gRPC's Netty has held in this JVM, looked at every other
 * millisecond.
 *
 * <p>
 * gRPC has an allocator of its own. What its arenas have reserved is what the process
 * pays; what buffers pin of that is what streams hold. What Netty counts beside arenas,
 * and the JVM's own direct buffers, are there to see that nothing is elsewhere: which of
 * them counts an arena depends on whether Netty may use Unsafe.
 */
final class DirectMemory {

	static final String PREFIX = "DIRECT ";

	private final PooledByteBufAllocator allocator;

	private volatile long pinned;

	private volatile long arenas;

	private volatile long counted;

	private volatile long buffers;

	DirectMemory() throws ReflectiveOperationException {
		Method method = Class.forName("io.grpc.netty.shaded.io.grpc.netty.Utils")
			.getDeclaredMethod("getByteBufAllocator", boolean.class);
		method.setAccessible(true);
		this.allocator = (PooledByteBufAllocator) method.invoke(null, false);
		look();
		Thread thread = new Thread(this::watch, "direct-memory");
		thread.setDaemon(true);
		thread.start();
	}

	private void watch() {
		try {
			while (true) {
				TimeUnit.MILLISECONDS.sleep(2);
				look();
			}
		}
		catch (InterruptedException ex) {
			Thread.currentThread().interrupt();
		}
	}

	private void look() {
		this.pinned = Math.max(this.pinned, this.allocator.pinnedDirectMemory());
		this.arenas = Math.max(this.arenas, this.allocator.metric().usedDirectMemory());
		this.counted = Math.max(this.counted, PlatformDependent.usedDirectMemory());
		this.buffers = Math.max(this.buffers,
				ManagementFactory.getPlatformMXBeans(BufferPoolMXBean.class)
					.stream()
					.filter((pool) -> pool.getName().equals("direct"))
					.mapToLong(BufferPoolMXBean::getMemoryUsed)
					.sum());
	}

	@Override
	public String toString() {
		return PREFIX + String.format(Locale.ROOT,
				"arenas %.1f MiB, pinned by buffers %.1f MiB (counted by Netty %.1f MiB, by the JVM %.1f MiB)",
				mebibytes(this.arenas), mebibytes(this.pinned), mebibytes(this.counted), mebibytes(this.buffers));
	}

	private static double mebibytes(long bytes) {
		return bytes / 1048576.0;
	}

}
