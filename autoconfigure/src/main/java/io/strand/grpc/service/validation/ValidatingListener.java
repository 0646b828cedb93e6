package io.strand.grpc.service.validation;

import java.util.function.Consumer;

import io.grpc.ForwardingServerCallListener.SimpleForwardingServerCallListener;
import io.grpc.ServerCall;
import io.strand.grpc.call.EndCallbacks;

/**
 * Validates each message before its handler gets it. What the check throws ends the call
 * as if the handler had thrown it; a blocking stream ends with it for the thread that
 * receives. The handler hears nothing after that but the end.
 */
final class ValidatingListener<Q> extends SimpleForwardingServerCallListener<Q> implements EndCallbacks.Aware {

	private final Consumer<Object> check;

	/** Whichever thread receives. */
	private volatile boolean refused;

	ValidatingListener(ServerCall.Listener<Q> handler, Consumer<Object> check) {
		super(handler);
		this.check = check;
	}

	@Override
	public boolean hasEndCallbacks() {
		return EndCallbacks.arePresent(delegate());
	}

	@Override
	public void onMessage(Q message) {
		if (this.refused) {
			return;
		}
		try {
			this.check.accept(message);
		}
		catch (Throwable ex) {
			this.refused = true;
			throw ex;
		}
		super.onMessage(message);
	}

	@Override
	public void onHalfClose() {
		if (!this.refused) {
			super.onHalfClose();
		}
	}

	@Override
	public void onReady() {
		if (!this.refused) {
			super.onReady();
		}
	}

	/** To a handler that was not given all of its stream, the call has not completed. */
	@Override
	public void onComplete() {
		if (this.refused) {
			super.onCancel();
		}
		else {
			super.onComplete();
		}
	}

}
