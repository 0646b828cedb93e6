package io.strand.grpc.server;

import io.grpc.netty.shaded.io.netty.channel.ChannelDuplexHandler;
import io.grpc.netty.shaded.io.netty.channel.ChannelHandlerContext;

/**
 * Takes nothing more from a client that does not take what it is answered. The windows of
 * HTTP/2 hold back messages and nothing else: who calls methods that do not exist, or
 * more than it may, and reads no answer, would fill the server's memory with headers.
 * Confined to the event loop.
 */
final class UnreadAnswers extends ChannelDuplexHandler {

	/**
	 * How much may have to be written before the connection takes more, which it does up
	 * to 64 KB. Messages alone do not come to that: the transport takes them from their
	 * streams as the connection takes them from it. Netty adds some hundred bytes for
	 * each piece that is written, which may be of many answers.
	 */
	static final int MAX_BYTES = 64 * 1024;

	private boolean paused;

	@Override
	public void channelRead(ChannelHandlerContext context, Object message) {
		if (!this.paused && context.channel().bytesBeforeWritable() > MAX_BYTES) {
			this.paused = true;
			context.channel().config().setAutoRead(false);
		}
		context.fireChannelRead(message);
	}

	/** HTTP/2 asks for more where the channel does not do so by itself. */
	@Override
	public void read(ChannelHandlerContext context) {
		if (!this.paused) {
			context.read();
		}
	}

	@Override
	public void channelWritabilityChanged(ChannelHandlerContext context) {
		if (this.paused && context.channel().isWritable()) {
			this.paused = false;
			context.channel().config().setAutoRead(true);
		}
		context.fireChannelWritabilityChanged();
	}

}
