package io.strand.grpc.security;

import org.jspecify.annotations.Nullable;

import org.springframework.security.core.context.SecurityContext;
import org.springframework.security.core.context.SecurityContextHolderStrategy;

/**
 * The time during which a thread has a context; when it closes, the thread has again what
 * it had before. Confined to the thread.
 */
final class SecurityContextScope implements AutoCloseable {

	/** Changes nothing. */
	static final SecurityContextScope NONE = new SecurityContextScope(null, null);

	private final @Nullable SecurityContextHolderStrategy contexts;

	private final @Nullable SecurityContext previous;

	private SecurityContextScope(@Nullable SecurityContextHolderStrategy contexts, @Nullable SecurityContext previous) {
		this.contexts = contexts;
		this.previous = previous;
	}

	static SecurityContextScope open(SecurityContextHolderStrategy contexts, SecurityContext context) {
		SecurityContext previous = contexts.getContext();
		if (previous == context) {
			return NONE;
		}
		contexts.setContext(context);
		// To ask a thread that has none makes it one
		boolean none = previous.getAuthentication() == null && !(previous instanceof CallSecurityContext.OfCall);
		return new SecurityContextScope(contexts, none ? null : previous);
	}

	@Override
	public void close() {
		if (this.contexts == null) {
			return;
		}
		if (this.previous != null) {
			this.contexts.setContext(this.previous);
		}
		else {
			this.contexts.clearContext();
		}
	}

}
