package io.strand.grpc.security;

import io.grpc.Metadata;
import io.grpc.ServerCall;
import org.jspecify.annotations.Nullable;

import org.springframework.security.core.Authentication;
import org.springframework.security.oauth2.server.resource.authentication.BearerTokenAuthenticationToken;

/**
 * Reads bearer tokens. Loaded only where Spring Security's resource server is there.
 */
final class Bearer {

	private Bearer() {
	}

	static @Nullable Authentication convert(ServerCall<?, ?> call, Metadata headers) {
		String token = AuthorizationHeader.bearerToken(headers);
		return (token != null) ? new BearerTokenAuthenticationToken(token) : null;
	}

}
