package io.strand.grpc.observation;

import java.util.concurrent.TimeUnit;

import io.grpc.Context;
import io.grpc.Deadline;
import io.grpc.ForwardingServerCallListener;
import io.grpc.ServerCall;
import io.grpc.Status;
import io.micrometer.core.instrument.binder.grpc.GrpcServerObservationContext;
import io.micrometer.observation.Observation;
import io.strand.grpc.call.CallFailure;

/**
 * Takes down the status of a call that is cancelled, since whatever its handler ended it
 * with did not arrive, and of one whose interceptors fail.
 */
final class ObservedListener<Q> extends ForwardingServerCallListener<Q> {

	/** A client whose deadline passes cancels, which is here before the deadline is. */
	private static final long ABOUT_TO_PASS_MILLIS = 20;

	private final ServerCall.Listener<Q> handler;

	private final ServerCall<Q, ?> call;

	private final Observation observation;

	private final GrpcServerObservationContext context;

	ObservedListener(ServerCall.Listener<Q> handler, ServerCall<Q, ?> call, Observation observation,
			GrpcServerObservationContext context) {
		this.handler = handler;
		this.call = call;
		this.observation = observation;
		this.context = context;
	}

	@Override
	protected ServerCall.Listener<Q> delegate() {
		return this.handler;
	}

	@Override
	public void onMessage(Q message) {
		try {
			this.handler.onMessage(message);
		}
		catch (Throwable ex) {
			if (!failed(ex)) {
				throw ex;
			}
		}
	}

	@Override
	public void onHalfClose() {
		try {
			this.handler.onHalfClose();
		}
		catch (Throwable ex) {
			if (!failed(ex)) {
				throw ex;
			}
		}
	}

	@Override
	public void onReady() {
		try {
			this.handler.onReady();
		}
		catch (Throwable ex) {
			if (!failed(ex)) {
				throw ex;
			}
		}
	}

	private boolean failed(Throwable thrown) {
		if (CallFailure.end(this.call, thrown, false)) {
			this.observation.error(thrown);
			return true;
		}
		return false; // to Micrometer, which takes it down, and a receiver
	}

	@Override
	public void onCancel() {
		// Else it is the server that has ended the call, with a status that is known
		if (this.call.isCancelled() || this.context.getStatusCode() == null) {
			Deadline deadline = Context.current().getDeadline();
			boolean late = deadline != null && deadline.timeRemaining(TimeUnit.MILLISECONDS) <= ABOUT_TO_PASS_MILLIS;
			this.context.setStatusCode(late ? Status.Code.DEADLINE_EXCEEDED : Status.Code.CANCELLED);
		}
		this.context.setCancelled(true);
		this.handler.onCancel();
	}

}
