package io.strand.grpc.transport;

import io.grpc.ServerCredentials;
import io.grpc.netty.shaded.io.netty.channel.Channel;
import io.grpc.netty.shaded.io.netty.channel.ChannelHandler;
import io.grpc.netty.shaded.io.netty.channel.ChannelHandlerContext;
import io.grpc.netty.shaded.io.netty.channel.ChannelInboundHandlerAdapter;

/**
 * Has the small writes of a server's connections gathered, as gRPC-go does with its write
 * buffer. Not those of clients: no gain was measured for them.
 */
public final class BufferedWrites {

	private BufferedWrites() {
	}

	/**
	 * Gathers the writes of a server.
	 * @param credentials its credentials
	 * @return credentials that prove and ask for the same
	 */
	public static ServerCredentials of(ServerCredentials credentials) {
		return HookedCredentials.of(credentials, (transport, negotiation) -> new Start(negotiation));
	}

	/** Gives its place in the pipeline to the negotiation. */
	private static final class Start extends ChannelInboundHandlerAdapter {

		private final ChannelHandler negotiation;

		private Start(ChannelHandler negotiation) {
			this.negotiation = negotiation;
		}

		@Override
		public void handlerAdded(ChannelHandlerContext context) {
			Channel channel = context.channel();
			channel.config().setAllocator(new FrameAllocator(channel.config().getAllocator()));
			channel.pipeline().addFirst(new WriteBuffer());
			channel.pipeline().replace(this, null, this.negotiation);
		}

	}

}
