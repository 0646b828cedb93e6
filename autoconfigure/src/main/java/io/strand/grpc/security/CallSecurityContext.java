package io.strand.grpc.security;

import io.strand.grpc.call.CallThreadHook;
import io.strand.grpc.call.LiveCall;

import org.springframework.security.core.context.SecurityContext;
import org.springframework.security.core.context.SecurityContextHolderStrategy;
import org.springframework.security.core.context.SecurityContextImpl;

/**
 * Gives each call a {@link SecurityContext} of its own, which is that of the call's
 * thread whenever the thread works for the call and at no other time, so that no identity
 * reaches another call: empty until somebody authenticates, then the same in all
 * callbacks. What the thread had before is there again afterwards. Thread-safe.
 */
public final class CallSecurityContext implements CallThreadHook {

	private final SecurityContextHolderStrategy contexts;

	/**
	 * Makes a hook.
	 * @param contexts where threads keep their context
	 */
	public CallSecurityContext(SecurityContextHolderStrategy contexts) {
		this.contexts = contexts;
	}

	@Override
	public Work of(LiveCall call) {
		return new CallWork(this.contexts, new OfCall(this));
	}

	/** With the same context, once somebody has authenticated to it. */
	@Override
	public Work beside(LiveCall call, Work own) {
		SecurityContext known = ((CallWork) own).own;
		return (known.getAuthentication() != null) ? new CallWork(this.contexts, known) : new NoWork();
	}

	/**
	 * The context of the call that the current thread works for.
	 * @return the context, or a new one where this hook is not installed
	 */
	SecurityContext current() {
		return (this.contexts.getContext() instanceof OfCall known && known.hook == this) ? known
				: this.contexts.createEmptyContext();
	}

	SecurityContextHolderStrategy contexts() {
		return this.contexts;
	}

	/** One thread at a time. */
	private static final class CallWork implements Work {

		private final SecurityContextHolderStrategy contexts;

		private final SecurityContext own;

		private SecurityContextScope scope;

		CallWork(SecurityContextHolderStrategy contexts, SecurityContext own) {
			this.contexts = contexts;
			this.own = own;
			this.scope = SecurityContextScope.NONE;
		}

		@Override
		public void begin() {
			this.scope = SecurityContextScope.open(this.contexts, this.own);
		}

		@Override
		public void end() {
			this.scope.close();
		}

	}

	/** Leaves a thread as it is. */
	private static final class NoWork implements Work {

		@Override
		public void begin() {
			// Nothing to set up
		}

		@Override
		public void end() {
			// Nothing to restore
		}

	}

	/** Known by its class to be that of a call, and whose. */
	static final class OfCall extends SecurityContextImpl {

		private final transient CallSecurityContext hook;

		OfCall(CallSecurityContext hook) {
			this.hook = hook;
		}

	}

}
