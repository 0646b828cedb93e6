package io.strand.grpc.transport;

import io.grpc.netty.shaded.io.grpc.netty.GrpcHttp2ConnectionHandler;
import io.grpc.netty.shaded.io.grpc.netty.InternalProtocolNegotiator;
import io.grpc.netty.shaded.io.netty.channel.ChannelHandler;
import io.grpc.netty.shaded.io.netty.util.AsciiString;

/**
 * A negotiator that shows its connections to a hook. Thread-safe if that is.
 */
final class HookedNegotiator implements InternalProtocolNegotiator.ProtocolNegotiator {

	private final InternalProtocolNegotiator.ProtocolNegotiator negotiator;

	private final ConnectionHook hook;

	HookedNegotiator(InternalProtocolNegotiator.ProtocolNegotiator negotiator, ConnectionHook hook) {
		this.negotiator = negotiator;
		this.hook = hook;
	}

	@Override
	public AsciiString scheme() {
		return this.negotiator.scheme();
	}

	@Override
	public ChannelHandler newHandler(GrpcHttp2ConnectionHandler transport) {
		return this.hook.begin(transport, this.negotiator.newHandler(transport));
	}

	@Override
	public void close() {
		this.negotiator.close();
	}

}
