package io.strand.grpc.security;

import io.grpc.ForwardingServerCallListener;
import io.grpc.ServerCall;
import io.strand.grpc.call.EndCallbacks;

import org.springframework.security.core.context.SecurityContext;
import org.springframework.security.core.context.SecurityContextHolderStrategy;

/**
 * Sets the caller's context around every callback: also on a thread that is not the
 * call's, and again where the callback before has cleared it. As thread-safe as the
 * listener it wraps.
 */
final class SecuredListener<Q> extends ForwardingServerCallListener<Q> implements EndCallbacks.Aware {

	private final ServerCall.Listener<Q> listener;

	private final SecurityContextHolderStrategy contexts;

	private final SecurityContext context;

	SecuredListener(ServerCall.Listener<Q> listener, SecurityContextHolderStrategy contexts, SecurityContext context) {
		this.listener = listener;
		this.contexts = contexts;
		this.context = context;
	}

	@Override
	protected ServerCall.Listener<Q> delegate() {
		return this.listener;
	}

	private SecurityContextScope open() {
		return SecurityContextScope.open(this.contexts, this.context);
	}

	@Override
	public void onMessage(Q message) {
		try (SecurityContextScope scope = open()) {
			super.onMessage(message);
		}
	}

	@Override
	public void onHalfClose() {
		try (SecurityContextScope scope = open()) {
			super.onHalfClose();
		}
	}

	@Override
	public void onReady() {
		try (SecurityContextScope scope = open()) {
			super.onReady();
		}
	}

	@Override
	public void onComplete() {
		try (SecurityContextScope scope = open()) {
			super.onComplete();
		}
	}

	@Override
	public void onCancel() {
		try (SecurityContextScope scope = open()) {
			super.onCancel();
		}
	}

	@Override
	public boolean hasEndCallbacks() {
		return EndCallbacks.arePresent(this.listener);
	}

}
