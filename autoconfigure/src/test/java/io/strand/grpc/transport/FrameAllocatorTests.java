package io.strand.grpc.transport;

import java.util.ArrayList;
import java.util.List;

import io.grpc.netty.shaded.io.netty.buffer.ByteBuf;
import io.grpc.netty.shaded.io.netty.buffer.PooledByteBufAllocator;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Tests for {@link FrameAllocator}.
 */
class FrameAllocatorTests {

	private final PooledByteBufAllocator pool = new PooledByteBufAllocator(true);

	private final FrameAllocator allocator = new FrameAllocator(this.pool);

	private final List<ByteBuf> taken = new ArrayList<>();

	@AfterEach
	void giveBack() {
		this.taken.forEach(ByteBuf::release);
	}

	@Test
	void smallBufferIsOfTheHeap() {
		ByteBuf buffer = taken(this.allocator.buffer(20));
		assertThat(buffer.hasArray()).isTrue();
		assertThat(buffer.alloc()).isSameAs(this.allocator);
		assertThat(taken(this.allocator.buffer(20, 20)).hasArray()).isTrue();
	}

	@Test
	void smallBufferKeepsItsLimit() {
		assertThat(taken(this.allocator.buffer(20, 30)).maxCapacity()).isEqualTo(30);
		assertThat(taken(this.allocator.buffer(20)).maxCapacity()).isEqualTo(Integer.MAX_VALUE);
	}

	@Test
	void smallBufferGrows() {
		ByteBuf buffer = taken(this.allocator.buffer(20));
		buffer.writeZero(WriteBuffer.SMALL_BYTES * 4);
		assertThat(buffer.readableBytes()).isEqualTo(WriteBuffer.SMALL_BYTES * 4);
	}

	@Test
	void largeBufferIsOfThePool() {
		ByteBuf buffer = taken(this.allocator.buffer(WriteBuffer.SMALL_BYTES + 1));
		assertThat(buffer.isDirect()).isTrue();
		assertThat(buffer.alloc()).isSameAs(this.pool);
	}

	@Test
	void whoAsksForADirectBufferGetsOne() {
		assertThat(taken(this.allocator.directBuffer(20)).isDirect()).isTrue();
		assertThat(taken(this.allocator.ioBuffer(20)).isDirect()).isTrue();
		assertThat(taken(this.allocator.heapBuffer(20)).hasArray()).isTrue();
		assertThat(this.allocator.isDirectBufferPooled()).isTrue();
	}

	private ByteBuf taken(ByteBuf buffer) {
		this.taken.add(buffer);
		return buffer;
	}

}
