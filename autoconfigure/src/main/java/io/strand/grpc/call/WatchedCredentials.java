package io.strand.grpc.call;

import io.grpc.ChannelCredentials;
import io.grpc.ChoiceChannelCredentials;
import io.grpc.CompositeChannelCredentials;
import io.grpc.netty.shaded.io.grpc.netty.GrpcHttp2ConnectionHandler;
import io.grpc.netty.shaded.io.grpc.netty.InternalNettyChannelCredentials;
import io.grpc.netty.shaded.io.grpc.netty.InternalProtocolNegotiator;
import io.grpc.netty.shaded.io.netty.channel.ChannelHandler;
import io.grpc.netty.shaded.io.netty.util.AsciiString;

/**
 * Credentials that have the streams of each connection watched. The negotiation of its
 * protocol is the one place where gRPC shows a connection of a client. Thread-safe.
 */
final class WatchedCredentials implements InternalProtocolNegotiator.ClientFactory {

	private final InternalProtocolNegotiator.ClientFactory negotiators;

	private WatchedCredentials(InternalProtocolNegotiator.ClientFactory negotiators) {
		this.negotiators = negotiators;
	}

	/**
	 * Has the connections watched that are made with some credentials.
	 * @param credentials the credentials
	 * @return credentials that prove and ask for the same, and are refused where the
	 * given ones are
	 */
	static ChannelCredentials of(ChannelCredentials credentials) {
		// Those of calls would be lost as a negotiator
		if (credentials instanceof CompositeChannelCredentials composite) {
			return CompositeChannelCredentials.create(of(composite.getChannelCredentials()),
					composite.getCallCredentials());
		}
		if (credentials instanceof ChoiceChannelCredentials choice) {
			return ChoiceChannelCredentials.create(choice.getCredentialsList()
				.stream()
				.map(WatchedCredentials::of)
				.toArray(ChannelCredentials[]::new));
		}
		try {
			return InternalNettyChannelCredentials
				.create(new WatchedCredentials(InternalNettyChannelCredentials.toNegotiator(credentials)));
		}
		catch (IllegalArgumentException ex) {
			return credentials; // the builder of the channel says what is wrong with them
		}
	}

	@Override
	public InternalProtocolNegotiator.ProtocolNegotiator newNegotiator() {
		return new Negotiator(this.negotiators.newNegotiator());
	}

	@Override
	public int getDefaultPort() {
		return this.negotiators.getDefaultPort();
	}

	private static final class Negotiator implements InternalProtocolNegotiator.ProtocolNegotiator {

		private final InternalProtocolNegotiator.ProtocolNegotiator negotiator;

		private Negotiator(InternalProtocolNegotiator.ProtocolNegotiator negotiator) {
			this.negotiator = negotiator;
		}

		@Override
		public AsciiString scheme() {
			return this.negotiator.scheme();
		}

		@Override
		public ChannelHandler newHandler(GrpcHttp2ConnectionHandler transport) {
			ConnectionStreams.watch(transport);
			return this.negotiator.newHandler(transport);
		}

		@Override
		public void close() {
			this.negotiator.close();
		}

	}

}
