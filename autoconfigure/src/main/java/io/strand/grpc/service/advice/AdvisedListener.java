package io.strand.grpc.service.advice;

import io.grpc.ForwardingServerCallListener;
import io.grpc.ServerCall;
import io.strand.grpc.call.EndCallbacks;

/**
 * The callbacks of a handler, which hears nothing but the end once one of them has
 * failed. As thread-safe as the handler. What the callbacks of the end throw is left to
 * the engine, which logs it: there is nobody left to tell.
 */
final class AdvisedListener<Q> extends ForwardingServerCallListener<Q> implements EndCallbacks.Aware {

	private final ServerCall.Listener<Q> handler;

	private final AdvisedCall<Q, ?> call;

	/** Whichever thread receives, if that is not the call's. */
	private volatile boolean failed;

	AdvisedListener(ServerCall.Listener<Q> handler, AdvisedCall<Q, ?> call) {
		this.handler = handler;
		this.call = call;
	}

	@Override
	protected ServerCall.Listener<Q> delegate() {
		return this.handler;
	}

	@Override
	public void onMessage(Q message) {
		if (!this.failed) {
			try {
				this.handler.onMessage(message);
			}
			catch (Throwable ex) {
				if (!fail(ex)) {
					throw ex;
				}
			}
		}
	}

	@Override
	public void onHalfClose() {
		if (!this.failed) {
			try {
				this.handler.onHalfClose();
			}
			catch (Throwable ex) {
				if (!fail(ex)) {
					throw ex;
				}
			}
		}
	}

	@Override
	public void onReady() {
		if (!this.failed) {
			try {
				this.handler.onReady();
			}
			catch (Throwable ex) {
				if (!fail(ex)) {
					throw ex;
				}
			}
		}
	}

	@Override
	public boolean hasEndCallbacks() {
		return EndCallbacks.arePresent(this.handler);
	}

	private boolean fail(Throwable thrown) {
		this.failed = true;
		return this.call.fail(thrown);
	}

}
