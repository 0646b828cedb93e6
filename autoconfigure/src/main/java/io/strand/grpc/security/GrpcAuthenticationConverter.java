package io.strand.grpc.security;

import io.grpc.Metadata;
import io.grpc.ServerCall;
import org.jspecify.annotations.Nullable;

import org.springframework.security.core.Authentication;
import org.springframework.security.core.AuthenticationException;

/**
 * Reads from a call what its client says to be, and the proof. Called on the thread of
 * the call, by many at the same time, before the request is decoded.
 */
@FunctionalInterface
public interface GrpcAuthenticationConverter {

	/**
	 * Reads the credentials of a call.
	 * @param call the call, whose attributes tell of the connection
	 * @param headers what the client sent along with the call
	 * @return what is to be authenticated, or {@code null} if the call has no credentials
	 * of this kind
	 * @throws AuthenticationException if it has, and they cannot be read; any other
	 * exception means the same
	 */
	@Nullable Authentication convert(ServerCall<?, ?> call, Metadata headers) throws AuthenticationException;

}
