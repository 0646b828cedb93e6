package io.strand.grpc.server;

import io.grpc.netty.shaded.io.netty.buffer.Unpooled;
import io.grpc.netty.shaded.io.netty.channel.ChannelHandlerContext;
import io.grpc.netty.shaded.io.netty.channel.ChannelOutboundHandlerAdapter;
import io.grpc.netty.shaded.io.netty.channel.embedded.EmbeddedChannel;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Tests for {@link UnreadAnswers}.
 */
class UnreadAnswersTests {

	private final Reads reads = new Reads();

	private final EmbeddedChannel channel = new EmbeddedChannel(this.reads, new UnreadAnswers());

	@AfterEach
	void close() {
		this.channel.finishAndReleaseAll();
	}

	@Test
	void whoDoesNotReadIsNotReadFromUntilItDoes() {
		this.channel.write(Unpooled.wrappedBuffer(new byte[2 * UnreadAnswers.MAX_BYTES]));
		this.channel.writeInbound("the last");
		assertThat(this.channel.<String>readInbound()).isEqualTo("the last");
		assertThat(this.channel.config().isAutoRead()).isFalse();
		int before = this.reads.count;
		this.channel.read();
		assertThat(this.reads.count).isEqualTo(before);
		this.channel.flush();
		assertThat(this.channel.config().isAutoRead()).isTrue();
		assertThat(this.reads.count).isGreaterThan(before);
	}

	@Test
	void whoIsBehindWithMessagesIsReadFrom() {
		this.channel.write(Unpooled.wrappedBuffer(new byte[80 * 1024]));
		this.channel.writeInbound("one more");
		assertThat(this.channel.isWritable()).isFalse();
		assertThat(this.channel.config().isAutoRead()).isTrue();
		int before = this.reads.count;
		this.channel.read();
		assertThat(this.reads.count).isEqualTo(before + 1);
	}

	/** What reaches the connection. */
	private static final class Reads extends ChannelOutboundHandlerAdapter {

		private int count;

		@Override
		public void read(ChannelHandlerContext context) {
			this.count++;
			context.read();
		}

	}

}
