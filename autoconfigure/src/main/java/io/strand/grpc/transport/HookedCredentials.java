package io.strand.grpc.transport;

import java.util.concurrent.Executor;

import io.grpc.ChannelCredentials;
import io.grpc.ChoiceChannelCredentials;
import io.grpc.CompositeChannelCredentials;
import io.grpc.ServerCredentials;
import io.grpc.internal.ObjectPool;
import io.grpc.netty.shaded.io.grpc.netty.InternalNettyChannelCredentials;
import io.grpc.netty.shaded.io.grpc.netty.InternalNettyServerCredentials;
import io.grpc.netty.shaded.io.grpc.netty.InternalProtocolNegotiator;

/**
 * Credentials whose connections are shown to a hook: gRPC takes the negotiator of a
 * protocol from the credentials, and from nowhere else that is open to others.
 */
public final class HookedCredentials {

	private HookedCredentials() {
	}

	/**
	 * Shows the connections of a server.
	 * @param credentials its credentials
	 * @param hook what is shown them
	 * @return credentials that prove and ask for the same
	 */
	public static ServerCredentials of(ServerCredentials credentials, ConnectionHook hook) {
		InternalProtocolNegotiator.ServerFactory negotiators = InternalNettyServerCredentials.toNegotiator(credentials);
		return InternalNettyServerCredentials.create(new InternalProtocolNegotiator.ServerFactory() {

			@Override
			public InternalProtocolNegotiator.ProtocolNegotiator newNegotiator(
					ObjectPool<? extends Executor> executors) {
				return new HookedNegotiator(negotiators.newNegotiator(executors), hook);
			}

		});
	}

	/**
	 * Shows the connections of a channel.
	 * @param credentials its credentials
	 * @param hook what is shown them
	 * @return credentials that prove and ask for the same, and are refused where the
	 * given ones are
	 */
	public static ChannelCredentials of(ChannelCredentials credentials, ConnectionHook hook) {
		// Those of calls would be lost as a negotiator
		if (credentials instanceof CompositeChannelCredentials composite) {
			return CompositeChannelCredentials.create(of(composite.getChannelCredentials(), hook),
					composite.getCallCredentials());
		}
		if (credentials instanceof ChoiceChannelCredentials choice) {
			return ChoiceChannelCredentials.create(choice.getCredentialsList()
				.stream()
				.map((each) -> of(each, hook))
				.toArray(ChannelCredentials[]::new));
		}
		try {
			return of(InternalNettyChannelCredentials.toNegotiator(credentials), hook);
		}
		catch (IllegalArgumentException ex) {
			return credentials; // the builder of the channel says what is wrong with them
		}
	}

	private static ChannelCredentials of(InternalProtocolNegotiator.ClientFactory negotiators, ConnectionHook hook) {
		return InternalNettyChannelCredentials.create(new InternalProtocolNegotiator.ClientFactory() {

			@Override
			public InternalProtocolNegotiator.ProtocolNegotiator newNegotiator() {
				return new HookedNegotiator(negotiators.newNegotiator(), hook);
			}

			@Override
			public int getDefaultPort() {
				return negotiators.getDefaultPort();
			}

		});
	}

}
