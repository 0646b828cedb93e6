package io.strand.grpc.security;

import io.grpc.ServerCall;
import io.strand.grpc.call.GrpcCall;
import io.strand.grpc.call.LineQuota;
import io.strand.grpc.call.LogText;
import io.strand.grpc.call.LoggedFailure;
import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.jspecify.annotations.Nullable;

import org.springframework.context.ApplicationEventPublisher;
import org.springframework.security.authentication.AnonymousAuthenticationToken;
import org.springframework.security.authentication.AuthenticationEventPublisher;
import org.springframework.security.authentication.AuthenticationServiceException;
import org.springframework.security.authentication.LockedException;
import org.springframework.security.authentication.UsernamePasswordAuthenticationToken;
import org.springframework.security.authentication.event.AuthenticationFailureBadCredentialsEvent;
import org.springframework.security.authentication.event.AuthenticationFailureLockedEvent;
import org.springframework.security.authorization.AuthorizationDecision;
import org.springframework.security.authorization.AuthorizationEventPublisher;
import org.springframework.security.authorization.AuthorizationResult;
import org.springframework.security.core.Authentication;
import org.springframework.security.core.AuthenticationException;

/**
 * Tells the log why a call was refused, and publishes one event of Spring Security for
 * it, of which Spring Boot makes an audit event where the application has a repository
 * for those. Thread-safe.
 */
public final class Refusals {

	/** What clients are told, and the audit: the reason is the log's. */
	static final String NOT_CHECKED = "Access could not be checked";

	private static final Log logger = LogFactory.getLog(GrpcSecurityInterceptor.class);

	private final AuthenticationEventPublisher authenticationEvents;

	private final AuthorizationEventPublisher authorizationEvents;

	private final ApplicationEventPublisher events;

	private final PublishedFailures published;

	private final LineQuota unauthenticatedLines = quota("calls were refused whose callers are not authenticated");

	private final LineQuota deniedLines = quota("calls were denied to their callers");

	private final LineQuota failedLines = quota("calls could not be checked");

	/**
	 * Makes a teller.
	 * @param authenticationEvents makes events of failed authentications
	 * @param authorizationEvents makes events of denied access
	 * @param events what is published where the former makes no event of an exception
	 * @param published knows what managers have published themselves
	 */
	public Refusals(AuthenticationEventPublisher authenticationEvents, AuthorizationEventPublisher authorizationEvents,
			ApplicationEventPublisher events, PublishedFailures published) {
		this.authenticationEvents = authenticationEvents;
		this.authorizationEvents = authorizationEvents;
		this.events = events;
		this.published = published;
	}

	private static LineQuota quota(String what) {
		return new LineQuota((leftOut) -> logger.info("%d more %s, not logged one by one".formatted(leftOut, what)));
	}

	/**
	 * A call is about to be authenticated on this thread.
	 * @return to be closed when its refusal, if any, has been told
	 */
	PublishedFailures.Attempt attempt() {
		return this.published.attempt();
	}

	/** The client is not who it says. */
	void unauthenticated(ServerCall<?, ?> call, @Nullable Claim claim, AuthenticationException reason) {
		if (this.unauthenticatedLines.tryTake()) {
			logger.info("Refused %s: %s%s".formatted(describe(call, claim), LogText.of(reason.getMessage()),
					cause(reason)));
		}
		publish(call, () -> publish(call, claim, reason));
	}

	private static String cause(Throwable reason) {
		Throwable cause = reason.getCause();
		return (cause != null) ? " (" + LogText.of(cause.toString()) + ")" : "";
	}

	/**
	 * Whether the client may could not be found out: the fault of the server.
	 * @param call the call
	 * @param claim who the client says it is, if it does
	 * @param caller who it is, or {@code null} if that could not be found out either
	 * @param reason what went wrong
	 */
	void failed(ServerCall<?, ?> call, @Nullable Claim claim, @Nullable Authentication caller,
			RuntimeException reason) {
		if (call.isCancelled()) {
			// Whoever waited for the answer was interrupted, as anybody else of the call
			logger.debug("%s was cancelled while it was checked".formatted(describe(call, claim)),
					LoggedFailure.of(reason));
			return;
		}
		if (this.failedLines.tryTake()) {
			logger.error("Access to %s could not be checked".formatted(describe(call, claim)),
					LoggedFailure.of(reason));
		}
		if (caller != null) {
			publish(call, () -> publishDenied(call, caller, new AuthorizationDecision(false)));
		}
		else {
			publish(call, () -> publish(call, claim, (reason instanceof AuthenticationException exception) ? exception
					: new AuthenticationServiceException(NOT_CHECKED, reason)));
		}
	}

	/** The client may not do what it asks for. */
	void denied(ServerCall<?, ?> call, Authentication caller, AuthorizationResult result, String reason) {
		if (this.deniedLines.tryTake()) {
			logger.info("Denied %s to '%s': %s".formatted(describe(call, null), LogText.of(caller.getName()),
					LogText.of(reason)));
		}
		publish(call, () -> publishDenied(call, caller, result));
	}

	private void publishDenied(ServerCall<?, ?> call, Authentication caller, AuthorizationResult result) {
		if (caller instanceof AnonymousAuthenticationToken anonymous) {
			anonymous.setDetails(GrpcCallDetails.of(call));
		}
		this.authorizationEvents.publishAuthorizationEvent(() -> caller, GrpcCall.of(call), result);
	}

	/** A listener that fails must not change what the client is told. */
	private void publish(ServerCall<?, ?> call, Runnable event) {
		try {
			event.run();
		}
		catch (RuntimeException ex) {
			if (this.failedLines.tryTake()) {
				logger.error("The event of the refusal of %s could not be published".formatted(describe(call, null)),
						LoggedFailure.of(ex));
			}
		}
	}

	private static String describe(ServerCall<?, ?> call, @Nullable Claim claim) {
		GrpcCallDetails details = GrpcCallDetails.of(call);
		String text = "%s from %s".formatted(LogText.of(details.method()), details.peer());
		return (claim != null && hasName(claim))
				? "%s with user '%s'".formatted(text, LogText.of(claim.authentication().getName())) : text;
	}

	/** The name of a token that is not checked yet is the token itself, a secret. */
	private static boolean hasName(Claim claim) {
		return claim.authentication() instanceof UsernamePasswordAuthenticationToken
				|| claim.authentication() instanceof CertificateAuthentication;
	}

	private void publish(ServerCall<?, ?> call, @Nullable Claim claim, AuthenticationException reason) {
		if (this.published.isPublished()) {
			return;
		}
		Authentication claimed = (claim != null && hasName(claim)) ? claim.authentication() : unknown(call);
		this.authenticationEvents.publishAuthenticationFailure(reason, claimed);
		if (!this.published.isPublished()) {
			this.events.publishEvent(
					(reason instanceof LockedException) ? new AuthenticationFailureLockedEvent(claimed, reason)
							: new AuthenticationFailureBadCredentialsEvent(claimed, reason));
		}
	}

	private static Authentication unknown(ServerCall<?, ?> call) {
		UsernamePasswordAuthenticationToken unknown = UsernamePasswordAuthenticationToken.unauthenticated("unknown",
				"");
		unknown.setDetails(GrpcCallDetails.of(call));
		return unknown;
	}

}
