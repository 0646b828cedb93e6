package io.strand.grpc.autoconfigure.client;

import io.grpc.CallCredentials;
import io.strand.grpc.client.credentials.AuthorizationCredentials;
import io.strand.grpc.client.credentials.ChannelAuthentication;
import org.jspecify.annotations.Nullable;

import org.springframework.security.core.Authentication;
import org.springframework.security.core.context.SecurityContextHolder;
import org.springframework.security.core.context.SecurityContextHolderStrategy;
import org.springframework.security.oauth2.core.OAuth2Token;

/**
 * The bearer token that the caller has authenticated with who is served by the thread, if
 * there is one. Thread-safe.
 */
final class RelayedToken implements ChannelAuthentication.Source {

	private final SecurityContextHolderStrategy contexts = SecurityContextHolder.getContextHolderStrategy();

	@Override
	public @Nullable CallCredentials forCall() {
		Authentication caller = this.contexts.getContext().getAuthentication();
		if (caller != null && caller.isAuthenticated() && caller.getCredentials() instanceof OAuth2Token token) {
			return AuthorizationCredentials.bearer(token.getTokenValue());
		}
		return null;
	}

}
