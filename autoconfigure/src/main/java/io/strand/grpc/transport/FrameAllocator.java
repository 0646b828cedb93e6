package io.strand.grpc.transport;

import io.grpc.netty.shaded.io.netty.buffer.AbstractByteBufAllocator;
import io.grpc.netty.shaded.io.netty.buffer.ByteBuf;
import io.grpc.netty.shaded.io.netty.buffer.ByteBufAllocator;
import io.grpc.netty.shaded.io.netty.buffer.UnpooledHeapByteBuf;

/**
 * Gives small buffers from the heap, which takes the JVM less than a pool of direct
 * memory needs to find one and to take it back. For a connection with a
 * {@link WriteBuffer}, which copies them anyway. Who asks for a direct buffer, as what
 * reads from a socket does, gets one. Thread-safe.
 */
final class FrameAllocator extends AbstractByteBufAllocator {

	private final ByteBufAllocator allocator;

	FrameAllocator(ByteBufAllocator allocator) {
		super(true);
		this.allocator = allocator;
	}

	@Override
	public ByteBuf buffer(int initialCapacity) {
		return buffer(initialCapacity, Integer.MAX_VALUE);
	}

	@Override
	public ByteBuf buffer(int initialCapacity, int maxCapacity) {
		return (initialCapacity <= WriteBuffer.SMALL_BYTES)
				? new UnpooledHeapByteBuf(this, initialCapacity, maxCapacity)
				: this.allocator.buffer(initialCapacity, maxCapacity);
	}

	@Override
	protected ByteBuf newHeapBuffer(int initialCapacity, int maxCapacity) {
		return this.allocator.heapBuffer(initialCapacity, maxCapacity);
	}

	@Override
	protected ByteBuf newDirectBuffer(int initialCapacity, int maxCapacity) {
		return this.allocator.directBuffer(initialCapacity, maxCapacity);
	}

	@Override
	public boolean isDirectBufferPooled() {
		return this.allocator.isDirectBufferPooled();
	}

}
