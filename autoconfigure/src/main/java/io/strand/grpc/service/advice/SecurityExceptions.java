package io.strand.grpc.service.advice;

import io.grpc.Status;
import io.grpc.StatusException;
import org.jspecify.annotations.Nullable;

import org.springframework.security.access.AccessDeniedException;
import org.springframework.security.authentication.AuthenticationServiceException;
import org.springframework.security.authentication.AuthenticationTrustResolver;
import org.springframework.security.authentication.AuthenticationTrustResolverImpl;
import org.springframework.security.core.Authentication;
import org.springframework.security.core.AuthenticationException;
import org.springframework.security.core.context.SecurityContextHolder;

/**
 * Maps the exceptions of Spring Security.
 */
final class SecurityExceptions {

	private static final AuthenticationTrustResolver trust = new AuthenticationTrustResolverImpl();

	private SecurityExceptions() {
	}

	static @Nullable StatusException map(Throwable exception) {
		if (exception instanceof AuthenticationServiceException) {
			return null;
		}
		if (exception instanceof AuthenticationException) {
			return unauthenticated();
		}
		if (exception instanceof AccessDeniedException) {
			Authentication current = SecurityContextHolder.getContext().getAuthentication();
			return (current == null || trust.isAnonymous(current)) ? unauthenticated()
					: Status.PERMISSION_DENIED.withDescription("Access denied").asException();
		}
		return null;
	}

	private static StatusException unauthenticated() {
		return Status.UNAUTHENTICATED.withDescription("Authentication required").asException();
	}

}
