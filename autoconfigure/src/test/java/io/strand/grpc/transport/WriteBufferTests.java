package io.strand.grpc.transport;

import java.nio.channels.ClosedChannelException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

import io.grpc.netty.shaded.io.netty.buffer.AbstractByteBufAllocator;
import io.grpc.netty.shaded.io.netty.buffer.ByteBuf;
import io.grpc.netty.shaded.io.netty.buffer.Unpooled;
import io.grpc.netty.shaded.io.netty.channel.ChannelFuture;
import io.grpc.netty.shaded.io.netty.channel.ChannelHandlerContext;
import io.grpc.netty.shaded.io.netty.channel.ChannelOutboundHandlerAdapter;
import io.grpc.netty.shaded.io.netty.channel.ChannelPromise;
import io.grpc.netty.shaded.io.netty.channel.embedded.EmbeddedChannel;
import io.grpc.netty.shaded.io.netty.util.ReferenceCountUtil;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Tests for {@link WriteBuffer}: all bytes, in their order, each write told what came of
 * it, and no more held than the bytes that wait.
 */
class WriteBufferTests {

	private final Socket socket = new Socket();

	private final EmbeddedChannel channel = new EmbeddedChannel(this.socket, new WriteBuffer(),
			new ChannelOutboundHandlerAdapter());

	private final List<ByteBuf> given = new ArrayList<>();

	@AfterEach
	void allIsGivenBack() {
		this.channel.finishAndReleaseAll();
		this.socket.release();
		assertThat(this.given).allMatch((bytes) -> bytes.refCnt() == 0);
	}

	@Test
	void smallWritesGoTogether() {
		ChannelFuture first = write("one ");
		ChannelFuture second = write("two ");
		ChannelFuture third = write("three");
		assertThat(this.socket.writes).isEmpty();
		assertThat(this.given).allMatch((bytes) -> bytes.refCnt() == 0);
		this.channel.flush();
		assertThat(this.socket.texts()).containsExactly("one two three");
		assertThat(this.socket.flushed).isEqualTo(1);
		assertThat(List.of(first, second, third)).noneMatch(ChannelFuture::isDone);
		this.socket.succeed();
		assertThat(List.of(first, second, third)).allMatch(ChannelFuture::isSuccess);
	}

	@Test
	void writesAreToldInTheirOrder() {
		List<Integer> told = new ArrayList<>();
		for (int i = 0; i < 20; i++) {
			int number = i;
			write("x").addListener((done) -> told.add(number));
		}
		this.channel.flush();
		this.socket.succeed();
		assertThat(told).hasSize(20).isSorted();
	}

	@Test
	void largeWriteKeepsItsPlaceAndIsNotCopied() {
		write("before");
		ByteBuf large = bytes(WriteBuffer.SMALL_BYTES + 1);
		this.channel.write(large);
		write("after");
		this.channel.flush();
		assertThat(this.socket.writes).hasSize(3).element(1).isSameAs(large);
		assertThat(this.socket.texts()).first().isEqualTo("before");
		assertThat(this.socket.texts()).last().isEqualTo("after");
	}

	@Test
	void largestSmallWriteIsCopied() {
		ByteBuf bytes = bytes(WriteBuffer.SMALL_BYTES);
		this.channel.writeAndFlush(bytes);
		assertThat(this.socket.writes).hasSize(1).doesNotContain(bytes);
	}

	@Test
	void whatIsNoBufferKeepsItsPlace() {
		write("before");
		Object other = new Object();
		this.channel.write(other);
		assertThat(this.socket.writes).hasSize(2).last().isSameAs(other);
	}

	@Test
	void fullBufferIsPassedOnBeforeTheFlush() {
		int fitting = WriteBuffer.MAX_BYTES / 1000;
		for (int i = 0; i < fitting; i++) {
			this.channel.write(bytes(1000));
		}
		assertThat(this.socket.writes).isEmpty();
		this.channel.write(bytes(1000));
		assertThat(this.socket.writes).hasSize(1);
		this.channel.flush();
		assertThat(this.socket.sizes()).containsExactly(fitting * 1000, 1000);
	}

	@Test
	void bufferMayBeFilledToItsLastByte() {
		for (int i = 0; i < WriteBuffer.MAX_BYTES / WriteBuffer.SMALL_BYTES; i++) {
			this.channel.write(bytes(WriteBuffer.SMALL_BYTES));
		}
		this.channel.flush();
		assertThat(this.socket.sizes()).containsExactly(WriteBuffer.MAX_BYTES);
	}

	@Test
	void holdsLittleMoreThanWhatWaits() {
		for (int i = 0; i < 1000; i++) {
			write("twenty bytes of data");
			this.channel.flush();
		}
		assertThat(this.socket.writes).hasSize(1000)
			.allSatisfy((written) -> assertThat(((ByteBuf) written).capacity()).isLessThanOrEqualTo(256));
	}

	@Test
	void failureReachesAllThatWentTogether() {
		ChannelFuture first = write("one");
		ChannelFuture second = write("two");
		this.channel.flush();
		IllegalStateException failure = new IllegalStateException("broken");
		this.socket.promises.forEach((promise) -> promise.setFailure(failure));
		assertThat(first.cause()).isSameAs(failure);
		assertThat(second.cause()).isSameAs(failure);
	}

	@Test
	void whatIsWrittenInAnswerToAFailureIsOfTheNextPiece() {
		write("one").addListener((done) -> write("two"));
		this.socket.broken = true;
		this.channel.flush();
		this.socket.broken = false;
		assertThat(this.socket.texts()).containsExactly("one");
		this.channel.flush();
		assertThat(this.socket.texts()).containsExactly("one", "two");
	}

	@Test
	void whatIsWrittenInAnswerToAFailureOfAFullBufferIsNotLost() {
		List<ChannelFuture> answers = new ArrayList<>();
		this.channel.write(bytes(1000)).addListener((done) -> answers.add(write("answer")));
		this.socket.broken = true;
		for (int i = 1; i <= WriteBuffer.MAX_BYTES / 1000; i++) {
			this.channel.write(bytes(1000));
		}
		this.socket.broken = false;
		this.channel.flush();
		this.socket.succeed();
		assertThat(answers).hasSize(1).allMatch(ChannelFuture::isSuccess);
		assertThat(this.socket.texts()).last().asString().startsWith("answer");
	}

	@Test
	void nothingIsWrittenBehindWhatThereWasNoMemoryFor() {
		this.channel.config().setAllocator(new NoMemory());
		ByteBuf small = bytes(9);
		ByteBuf large = bytes(WriteBuffer.SMALL_BYTES + 1);
		// Both before the event loop does anything else, as HTTP/2 does
		ChannelHandlerContext above = this.channel.pipeline().lastContext();
		ChannelFuture header = above.write(small);
		ChannelFuture behind = above.write(large);
		assertThat(header.cause()).isInstanceOf(OutOfMemoryError.class);
		assertThat(behind.cause()).isInstanceOf(ClosedChannelException.class);
		assertThat(this.socket.writes).isEmpty();
		this.channel.runPendingTasks();
		assertThat(this.channel.isOpen()).isFalse();
	}

	@Test
	void whatIsWrittenInAnswerToAWriteIsNotLost() {
		write("one").addListener((done) -> {
			write("two");
			this.channel.flush();
		});
		this.channel.flush();
		this.socket.succeed();
		assertThat(this.socket.texts()).containsExactly("one", "two");
	}

	@Test
	void closingWritesWhatWaitsFirst() {
		write("last words");
		this.channel.close();
		assertThat(this.socket.texts()).containsExactly("last words");
		assertThat(this.socket.openAtLastWrite).isTrue();
	}

	@Test
	void flushWithoutWritesWritesNothing() {
		this.channel.flush();
		assertThat(this.socket.writes).isEmpty();
	}

	@Test
	void whatWaitsWhenTheHandlerGoesIsPassedOn() {
		write("waiting");
		this.channel.pipeline().remove(WriteBuffer.class);
		assertThat(this.socket.texts()).containsExactly("waiting");
	}

	@Test
	void writeToAClosedChannelFailsAtOnce() {
		EmbeddedChannel closed = new EmbeddedChannel(new WriteBuffer());
		ChannelHandlerContext below = closed.pipeline().context(WriteBuffer.class);
		closed.close();
		ByteBuf bytes = bytes(10);
		ChannelPromise promise = closed.newPromise();
		new WriteBuffer().write(below, bytes, promise);
		assertThat(promise.isDone()).isTrue();
		assertThat(promise.cause()).isInstanceOf(ClosedChannelException.class);
	}

	private ChannelFuture write(String text) {
		ByteBuf bytes = Unpooled.copiedBuffer(text, StandardCharsets.US_ASCII);
		this.given.add(bytes);
		return this.channel.write(bytes);
	}

	private ByteBuf bytes(int size) {
		ByteBuf bytes = Unpooled.directBuffer(size).writeZero(size);
		this.given.add(bytes);
		return bytes;
	}

	/** Has no direct memory left. */
	private static final class NoMemory extends AbstractByteBufAllocator {

		@Override
		protected ByteBuf newHeapBuffer(int initialCapacity, int maxCapacity) {
			return Unpooled.buffer(initialCapacity, maxCapacity);
		}

		@Override
		public boolean isDirectBufferPooled() {
			return false;
		}

		@Override
		protected ByteBuf newDirectBuffer(int initialCapacity, int maxCapacity) {
			throw new OutOfMemoryError("no direct memory");
		}

	}

	/** Keeps what is written, and its promises, for the test to look at. */
	private static final class Socket extends ChannelOutboundHandlerAdapter {

		private final List<Object> writes = new ArrayList<>();

		private final List<ChannelPromise> promises = new ArrayList<>();

		private boolean openAtLastWrite;

		private boolean closing;

		private boolean broken;

		private int flushed;

		@Override
		public void write(ChannelHandlerContext context, Object message, ChannelPromise promise) {
			this.writes.add(message);
			this.promises.add(promise);
			this.openAtLastWrite = !this.closing;
			if (this.broken) {
				promise.setFailure(new IllegalStateException("broken"));
			}
		}

		@Override
		public void close(ChannelHandlerContext context, ChannelPromise promise) {
			this.closing = true;
			context.close(promise);
		}

		@Override
		public void flush(ChannelHandlerContext context) {
			this.flushed = this.writes.size();
			context.flush();
		}

		private void release() {
			this.writes.forEach(ReferenceCountUtil::release);
		}

		private void succeed() {
			List.copyOf(this.promises).forEach(ChannelPromise::trySuccess);
		}

		private List<String> texts() {
			return this.writes.stream().map((bytes) -> ((ByteBuf) bytes).toString(StandardCharsets.US_ASCII)).toList();
		}

		private List<Integer> sizes() {
			return this.writes.stream().map((bytes) -> ((ByteBuf) bytes).readableBytes()).toList();
		}

	}

}
