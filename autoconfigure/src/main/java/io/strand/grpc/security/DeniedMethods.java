package io.strand.grpc.security;

import io.strand.grpc.call.GrpcCall;
import io.strand.grpc.call.LineQuota;
import io.strand.grpc.call.LogText;
import org.aopalliance.intercept.MethodInvocation;
import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;

import org.springframework.context.ApplicationListener;
import org.springframework.security.authorization.event.AuthorizationDeniedEvent;
import org.springframework.security.core.Authentication;

/**
 * Tells the log of calls whose handler, or what it calls, was denied to the caller by an
 * annotation. Thread-safe.
 */
public final class DeniedMethods implements ApplicationListener<AuthorizationDeniedEvent<?>> {

	private static final Log logger = LogFactory.getLog(DeniedMethods.class);

	private final LineQuota lines = new LineQuota((leftOut) -> logger
		.info("%d more calls were denied to their callers by annotations, not logged one by one".formatted(leftOut)));

	@Override
	public void onApplicationEvent(AuthorizationDeniedEvent<?> event) {
		// The interceptor tells of its own
		GrpcCall call = (event.getObject() instanceof GrpcCall) ? null : GrpcCall.currentOrNull();
		if (call != null && this.lines.tryTake()) {
			Authentication caller = event.getAuthentication().get();
			logger.info("Denied %s to '%s', which calls %s from %s: %s".formatted(LogText.of(describe(event)),
					LogText.of((caller != null) ? caller.getName() : null), call.method().getFullMethodName(),
					LogText.peer(call.peer()), event.getAuthorizationResult()));
		}
	}

	private static String describe(AuthorizationDeniedEvent<?> event) {
		return (event.getObject() instanceof MethodInvocation invocation) ? invocation.getMethod().toGenericString()
				: String.valueOf(event.getObject());
	}

}
