package io.strand.grpc.testing;

import io.grpc.ForwardingServerCall.SimpleForwardingServerCall;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;

/**
 * Tells what is inside of it that the transport is ready, whether or not it is: as if it
 * had been at one look, and were not at the next.
 */
public class AlwaysReady implements ServerInterceptor {

	@Override
	public <Q, R> ServerCall.Listener<Q> interceptCall(ServerCall<Q, R> call, Metadata headers,
			ServerCallHandler<Q, R> next) {
		return next.startCall(new SimpleForwardingServerCall<>(call) {

			@Override
			public boolean isReady() {
				return true;
			}

		}, headers);
	}

}
