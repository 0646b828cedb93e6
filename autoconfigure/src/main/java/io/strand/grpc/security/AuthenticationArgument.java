package io.strand.grpc.security;

import java.lang.reflect.Parameter;
import java.security.Principal;

import io.strand.grpc.call.GrpcCall;
import io.strand.grpc.service.GrpcMethodArgumentResolver;
import org.jspecify.annotations.Nullable;

import org.springframework.security.authentication.AuthenticationTrustResolver;
import org.springframework.security.authentication.AuthenticationTrustResolverImpl;
import org.springframework.security.core.Authentication;
import org.springframework.security.core.context.SecurityContextHolder;
import org.springframework.security.core.context.SecurityContextHolderStrategy;

/**
 * Provides the {@link Authentication} of the caller, also as {@link Principal}, to
 * methods of services: what the security context of the call's thread holds when the
 * method is called, so {@link GrpcSecurityInterceptor} or another interceptor must have
 * put it there. {@code null} if nobody has authenticated. Thread-safe.
 */
public final class AuthenticationArgument implements GrpcMethodArgumentResolver {

	private static final AuthenticationTrustResolver trust = new AuthenticationTrustResolverImpl();

	private final SecurityContextHolderStrategy contexts = SecurityContextHolder.getContextHolderStrategy();

	@Override
	public boolean supports(Parameter parameter) {
		return parameter.getType() == Authentication.class || parameter.getType() == Principal.class;
	}

	@Override
	public @Nullable Object resolve(GrpcCall call) {
		Authentication caller = this.contexts.getContext().getAuthentication();
		return trust.isAnonymous(caller) ? null : caller;
	}

}
