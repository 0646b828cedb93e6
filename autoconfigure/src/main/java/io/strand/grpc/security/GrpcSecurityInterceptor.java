package io.strand.grpc.security;

import java.util.List;

import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.Status;
import org.jspecify.annotations.Nullable;

import org.springframework.security.access.AccessDeniedException;
import org.springframework.security.authentication.AnonymousAuthenticationToken;
import org.springframework.security.authentication.AuthenticationServiceException;
import org.springframework.security.authentication.AuthenticationTrustResolver;
import org.springframework.security.authentication.AuthenticationTrustResolverImpl;
import org.springframework.security.authorization.AuthorizationDecision;
import org.springframework.security.authorization.AuthorizationResult;
import org.springframework.security.core.Authentication;
import org.springframework.security.core.AuthenticationException;
import org.springframework.security.core.GrantedAuthority;
import org.springframework.security.core.authority.AuthorityUtils;
import org.springframework.security.core.context.SecurityContext;

/**
 * Finds out who calls and whether they may, before anything else of the call is looked
 * at: on the thread of the call, where it may block, and before the request is decoded.
 * What it refuses never reaches the handler. It tells the client one of a few constant
 * sentences, and the log the reason. Thread-safe.
 *
 * <p>
 * A service that names this class in {@code @GrpcService(excludedInterceptors = …)} is
 * open to everybody.
 */
public final class GrpcSecurityInterceptor implements ServerInterceptor {

	private static final AuthenticationTrustResolver trust = new AuthenticationTrustResolverImpl();

	private static final List<GrantedAuthority> ANONYMOUS = AuthorityUtils.createAuthorityList("ROLE_ANONYMOUS");

	private final GrpcSecurityPolicy policy;

	private final CallSecurityContext contexts;

	private final Refusals refusals;

	private final @Nullable FailedAttempts failedAttempts;

	/**
	 * Makes an interceptor.
	 * @param policy who may call what
	 * @param contexts where the identity is put
	 * @param refusals whom to tell of what is refused
	 * @param failedAttempts limits failed authentications; {@code null} for no limit
	 */
	public GrpcSecurityInterceptor(GrpcSecurityPolicy policy, CallSecurityContext contexts, Refusals refusals,
			@Nullable FailedAttempts failedAttempts) {
		this.policy = policy;
		this.contexts = contexts;
		this.refusals = refusals;
		this.failedAttempts = failedAttempts;
	}

	@Override
	public <Q, R> ServerCall.Listener<Q> interceptCall(ServerCall<Q, R> call, Metadata headers,
			ServerCallHandler<Q, R> next) {
		if (this.policy.isOpen(call.getMethodDescriptor())) {
			return next.startCall(call, headers);
		}
		SecurityContext context = this.contexts.current();
		try (SecurityContextScope scope = SecurityContextScope.open(this.contexts.contexts(), context)) {
			Status refused = secureOnce(call, headers, context);
			if (refused != null) {
				context.setAuthentication(null);
				call.close(refused, new Metadata());
				return new ServerCall.Listener<>() {
				};
			}
			return new SecuredListener<>(next.startCall(call, headers), this.contexts.contexts(), context);
		}
	}

	private @Nullable Status secureOnce(ServerCall<?, ?> call, Metadata headers, SecurityContext context) {
		try (PublishedFailures.Attempt attempt = this.refusals.attempt()) {
			return secure(call, headers, context);
		}
	}

	/** Returns why the call is refused, or {@code null} if it is not. */
	private @Nullable Status secure(ServerCall<?, ?> call, Metadata headers, SecurityContext context) {
		Claim claim = null;
		Authentication known = null;
		try {
			claim = this.policy.claim(call, headers);
			Authentication caller = (claim != null) ? check(claim, call) : anonymous();
			context.setAuthentication(caller);
			known = caller;
			AuthorizationResult result = this.policy.rule(call.getMethodDescriptor()).authorize(() -> caller, call);
			return (result == null || result.isGranted()) ? null : denied(call, caller, result, "no rule allows it");
		}
		catch (AuthenticationServiceException ex) {
			this.refusals.failed(call, claim, null, ex);
			return Status.UNAVAILABLE.withDescription("Authentication not possible at present");
		}
		catch (TooManyFailedAttemptsException ex) {
			this.refusals.unauthenticated(call, claim, ex);
			return Status.RESOURCE_EXHAUSTED.withDescription("Too many failed authentications");
		}
		catch (AuthenticationException ex) {
			if (this.failedAttempts != null) {
				this.failedAttempts.failed(call);
			}
			this.refusals.unauthenticated(call, claim, ex);
			return Status.UNAUTHENTICATED.withDescription("Authentication failed");
		}
		catch (AccessDeniedException ex) {
			Authentication caller = context.getAuthentication();
			return denied(call, (caller != null) ? caller : anonymous(), new AuthorizationDecision(false),
					String.valueOf(ex.getMessage()));
		}
		catch (RuntimeException ex) {
			this.refusals.failed(call, claim, known, ex);
			return Status.INTERNAL.withDescription(Refusals.NOT_CHECKED);
		}
	}

	private Authentication check(Claim claim, ServerCall<?, ?> call) {
		if (this.failedAttempts != null) {
			this.failedAttempts.refuseIfTooMany(call);
		}
		return claim.check();
	}

	private static Authentication anonymous() {
		return new AnonymousAuthenticationToken("strand", "anonymousUser", ANONYMOUS);
	}

	private Status denied(ServerCall<?, ?> call, Authentication caller, AuthorizationResult result, String reason) {
		this.refusals.denied(call, caller, result, reason);
		return (trust.isAnonymous(caller) && this.policy.canAuthenticate())
				? Status.UNAUTHENTICATED.withDescription("Authentication required")
				: Status.PERMISSION_DENIED.withDescription("Access denied");
	}

}
