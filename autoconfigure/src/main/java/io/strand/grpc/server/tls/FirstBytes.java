package io.strand.grpc.server.tls;

import java.util.concurrent.TimeUnit;

import io.grpc.netty.shaded.io.netty.buffer.ByteBuf;
import io.grpc.netty.shaded.io.netty.channel.ChannelHandler;
import io.grpc.netty.shaded.io.netty.channel.ChannelHandlerContext;
import io.grpc.netty.shaded.io.netty.channel.ChannelInboundHandlerAdapter;
import io.grpc.netty.shaded.io.netty.channel.socket.DuplexChannel;
import io.grpc.netty.shaded.io.netty.util.ReferenceCountUtil;

/**
 * Looks at the first byte that a client sends, which tells TLS from plaintext, and then
 * leaves the connection to gRPC. Used on the event loop of its connection only.
 */
abstract class FirstBytes extends ChannelInboundHandlerAdapter {

	/** How long a refused client is given to go by itself. */
	private static final int GRACE_SECONDS = 1;

	private final ChannelHandler negotiation;

	private boolean refused;

	/**
	 * Makes a handler that stands before gRPC's.
	 * @param negotiation gRPC's handler
	 */
	FirstBytes(ChannelHandler negotiation) {
		this.negotiation = negotiation;
	}

	/**
	 * Looks at a connection.
	 * @param context where it is in the pipeline
	 * @param first the first byte that was received
	 * @return whether the client is in the wrong place, which has then been logged
	 */
	abstract boolean isWrong(ChannelHandlerContext context, int first);

	@Override
	public void handlerAdded(ChannelHandlerContext context) {
		context.pipeline().addAfter(context.name(), null, this.negotiation);
	}

	@Override
	public void channelRead(ChannelHandlerContext context, Object message) {
		if (this.refused) {
			ReferenceCountUtil.release(message);
			return;
		}
		if (message instanceof ByteBuf bytes && bytes.isReadable()) {
			if (isWrong(context, bytes.getUnsignedByte(bytes.readerIndex()))) {
				this.refused = true;
				bytes.release();
				refuse(context);
				return;
			}
			context.pipeline().remove(this);
		}
		context.fireChannelRead(message);
	}

	/**
	 * Closing at once, with bytes of the client unread, would reset the connection: it
	 * might lose the settings of HTTP/2, by which it knows what is wrong.
	 */
	@SuppressWarnings("FutureReturnValueIgnored") // it ends anyway
	private void refuse(ChannelHandlerContext context) {
		if (context.channel() instanceof DuplexChannel channel) {
			channel.shutdownOutput();
		}
		context.executor().schedule(() -> context.close(), GRACE_SECONDS, TimeUnit.SECONDS);
	}

}
