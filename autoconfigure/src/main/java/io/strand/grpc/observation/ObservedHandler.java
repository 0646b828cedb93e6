package io.strand.grpc.observation;

import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.micrometer.core.instrument.binder.grpc.GrpcServerObservationContext;
import io.micrometer.observation.Observation;
import io.micrometer.observation.ObservationRegistry;
import io.strand.grpc.call.CallFailure;

/**
 * What is inside of Micrometer's interceptor. An exception does not get there: it would
 * stop the observation before the call has a status, or, if it is an error, never.
 *
 * @param registry knows the observation of the call that starts
 * @param next the next interceptor or the handler
 */
record ObservedHandler<Q, R>(ObservationRegistry registry,
		ServerCallHandler<Q, R> next) implements ServerCallHandler<Q, R> {

	@Override
	public ServerCall.Listener<Q> startCall(ServerCall<Q, R> call, Metadata headers) {
		Observation observation = this.registry.getCurrentObservation();
		if (observation == null || !(observation.getContext() instanceof GrpcServerObservationContext context)
				|| context.getCarrier() != headers) {
			return this.next.startCall(call, headers); // not to be observed
		}
		try {
			return new ObservedListener<>(this.next.startCall(call, headers), call, observation, context);
		}
		catch (Throwable ex) {
			if (!CallFailure.end(call, ex, true)) {
				throw ex;
			}
			observation.error(ex);
			return new ObservedListener<>(new ServerCall.Listener<>() {
			}, call, observation, context);
		}
	}

}
