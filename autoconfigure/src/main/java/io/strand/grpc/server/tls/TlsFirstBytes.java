package io.strand.grpc.server.tls;

import io.grpc.netty.shaded.io.netty.channel.ChannelHandler;
import io.grpc.netty.shaded.io.netty.channel.ChannelHandlerContext;
import io.grpc.netty.shaded.io.netty.handler.ssl.SslHandler;
import org.jspecify.annotations.Nullable;

/**
 * Notices clients without TLS on a port with it, and those whose handshake fails.
 */
final class TlsFirstBytes extends FirstBytes {

	/** HTTP begins with the name of a method, and HTTP/2 looks as if it did. */
	private static final int FIRST_LETTER = 'A';

	private static final int LAST_LETTER = 'Z';

	private final ConnectionLog log;

	private final String property;

	TlsFirstBytes(ChannelHandler negotiation, ConnectionLog log, String property) {
		super(negotiation);
		this.log = log;
		this.property = property;
	}

	@Override
	@SuppressWarnings("FutureReturnValueIgnored") // what the listener returns
	boolean isWrong(ChannelHandlerContext context, int first) {
		if (first >= FIRST_LETTER && first <= LAST_LETTER) {
			this.log.warn("plaintext on a port with TLS", context.channel(),
					() -> "The client speaks plaintext HTTP, and this port only TLS (%s is set): turn TLS on in the client"
						.formatted(this.property));
			return true;
		}
		SslHandler handler = context.pipeline().get(SslHandler.class);
		if (handler != null) {
			handler.handshakeFuture().addListener((handshake) -> checkHandshake(context, handler, handshake.cause()));
		}
		return false;
	}

	private void checkHandshake(ChannelHandlerContext context, SslHandler handler, @Nullable Throwable failure) {
		if (failure != null) {
			this.log.warn("their TLS handshake failed", context.channel(),
					() -> "The TLS handshake has failed: " + rootMessage(failure));
		}
		else if (handler.applicationProtocol() == null) {
			this.log.warn("no HTTP/2 by ALPN", context.channel(),
					() -> "The client does not offer HTTP/2 by ALPN in its TLS handshake, and gRPC needs it");
		}
	}

	private static String rootMessage(Throwable failure) {
		Throwable root = failure;
		while (root.getCause() != null) {
			root = root.getCause();
		}
		return (root.getMessage() != null) ? root.getMessage() : root.toString();
	}

}
