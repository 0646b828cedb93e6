package io.strand.grpc.server.tls;

import io.grpc.netty.shaded.io.netty.channel.ChannelHandler;
import io.grpc.netty.shaded.io.netty.channel.ChannelHandlerContext;

/**
 * Notices clients with TLS on a port without. They have been sent the settings of HTTP/2
 * already, which is what they will complain of.
 */
final class PlaintextFirstBytes extends FirstBytes {

	private static final int TLS_HANDSHAKE = 0x16;

	private final ConnectionLog log;

	private final String property;

	PlaintextFirstBytes(ChannelHandler negotiation, ConnectionLog log, String property) {
		super(negotiation);
		this.log = log;
		this.property = property;
	}

	@Override
	boolean isWrong(ChannelHandlerContext context, int first) {
		if (first != TLS_HANDSHAKE) {
			return false;
		}
		this.log.warn("TLS on a port without", context.channel(),
				() -> "The client speaks TLS, and this port does not: set %s here, or turn TLS off in the client"
					.formatted(this.property));
		return true;
	}

}
