package io.strand.grpc.client;

import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ClientCall;
import io.grpc.ClientInterceptor;
import io.grpc.MethodDescriptor;
import io.grpc.Status;

/**
 * Refuses calls of {@code self:} channels while the own server does not run, and says so:
 * waiting for a server that starts only when the waiting bean is ready would never end,
 * and a failed attempt to connect would make the next one wait. Calls that wait for ready
 * wait. Thread-safe.
 */
record OwnServerCheck(OwnServer server) implements ClientInterceptor {

	static final Status NOT_RUNNING = Status.UNAVAILABLE
		.withDescription("This application's own gRPC server does not run: it starts as one of the last beans of"
				+ " the context and stops as one of the first. Make the first call in an ApplicationRunner or on"
				+ " GrpcServerStartedEvent");

	@Override
	public <Q, R> ClientCall<Q, R> interceptCall(MethodDescriptor<Q, R> method, CallOptions options, Channel next) {
		if (this.server.address() == null && !options.isWaitForReady()) {
			return new RefusedCall<>(NOT_RUNNING, options);
		}
		return next.newCall(method, options);
	}

}
