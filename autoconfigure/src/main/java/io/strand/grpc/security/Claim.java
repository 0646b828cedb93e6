package io.strand.grpc.security;

import io.grpc.Metadata;
import io.grpc.ServerCall;
import org.jspecify.annotations.Nullable;

import org.springframework.security.authentication.AbstractAuthenticationToken;
import org.springframework.security.authentication.BadCredentialsException;
import org.springframework.security.core.Authentication;
import org.springframework.security.core.AuthenticationException;

/**
 * What a client says to be, and who checks it.
 *
 * @param mechanism the way it says so
 * @param authentication not authenticated yet
 */
record Claim(Mechanism mechanism, Authentication authentication) {

	static @Nullable Claim of(Mechanism mechanism, ServerCall<?, ?> call, Metadata headers) {
		Authentication claimed;
		try {
			claimed = mechanism.converter().convert(call, headers);
		}
		catch (AuthenticationException ex) {
			throw ex;
		}
		catch (RuntimeException ex) {
			// It reads nothing but what the client has sent
			throw new BadCredentialsException("The credentials cannot be read as %s".formatted(mechanism.name()), ex);
		}
		if (claimed == null) {
			return null;
		}
		if (claimed instanceof AbstractAuthenticationToken token && token.getDetails() == null) {
			token.setDetails(GrpcCallDetails.of(call));
		}
		return new Claim(mechanism, claimed);
	}

	/**
	 * Checks the claim. May block.
	 * @return who the client is
	 * @throws AuthenticationException if it is not who it says
	 */
	Authentication check() {
		Authentication checked = this.mechanism.manager().authenticate(this.authentication);
		if (checked == null || !checked.isAuthenticated()) {
			throw new BadCredentialsException("Nobody has confirmed the credentials");
		}
		return checked;
	}

}
