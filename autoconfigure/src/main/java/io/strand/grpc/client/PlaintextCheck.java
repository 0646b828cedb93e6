package io.strand.grpc.client;

import io.grpc.ClientInterceptor;
import io.grpc.InsecureChannelCredentials;
import io.strand.grpc.client.ChannelTarget.Kind;
import io.strand.grpc.client.credentials.AuthenticationInterceptor;

/**
 * Keeps the credentials of calls, and those of callers that go along, from connections
 * that are not encrypted: when the application starts where that is known then, else when
 * a call is about to send them.
 */
final class PlaintextCheck {

	private PlaintextCheck() {
	}

	static void check(String name, ChannelTarget target, ChannelSettings settings) {
		boolean plaintext = settings.credentials() == null
				|| settings.credentials() instanceof InsecureChannelCredentials;
		if (!plaintext || isLocal(target) || settings.authentication().isPlaintextAllowed()) {
			return;
		}
		if (settings.authentication().hasCredentials()) {
			throw new ChannelConfigurationException(
					"The channel '%s' to %s has credentials for its calls but no TLS, so anybody on the way could read them."
						.formatted(name, target),
					remedy(name, target));
		}
		if (settings.metadataPropagation().contains("authorization")) {
			throw new ChannelConfigurationException(
					"The channel '%s' to %s passes on the header 'authorization' of the call being served, but has no TLS,"
						.formatted(name, target) + " so anybody on the way could read it.",
					"%s Or take it out of strand.client.propagate-metadata and strand.client.channels.%s.propagate-metadata."
						.formatted(remedy(name, target), name));
		}
	}

	static ClientInterceptor interceptor(String name, ChannelTarget target, ChannelSettings settings) {
		return new AuthenticationInterceptor(settings.authentication(), isLocal(target),
				"It has credentials, but the connection of channel '%s' is not encrypted. %s".formatted(name,
						remedy(name, target)));
	}

	private static boolean isLocal(ChannelTarget target) {
		return target.kind() == Kind.UNIX || target.kind() == Kind.IN_PROCESS || target.kind() == Kind.SELF;
	}

	private static String remedy(String name, ChannelTarget target) {
		if (name.equals(target.text())) {
			// Made while the application runs: no property is for it
			return "Give its ChannelSettings credentials for TLS, or an authentication with allowPlaintext(true)"
					+ " if something else protects the connection.";
		}
		return ("Set strand.client.channels.%1$s.ssl.enabled or ssl.bundle, or"
				+ " strand.client.channels.%1$s.authentication.allow-plaintext=true if something else protects the"
				+ " connection.")
			.formatted(name);
	}

}
