package io.strand.grpc.autoconfigure.server;

import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

import io.grpc.ForwardingServerCall.SimpleForwardingServerCall;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.Status;
import io.strand.grpc.server.GrpcGlobalServerInterceptor;

/**
 * Remembers the status that each call was closed with.
 */
@GrpcGlobalServerInterceptor
class ObservingInterceptor implements ServerInterceptor {

	private final List<Status> closed = new CopyOnWriteArrayList<>();

	@Override
	public <Q, R> ServerCall.Listener<Q> interceptCall(ServerCall<Q, R> call, Metadata headers,
			ServerCallHandler<Q, R> next) {
		return next.startCall(new SimpleForwardingServerCall<>(call) {

			@Override
			public void close(Status status, Metadata trailers) {
				ObservingInterceptor.this.closed.add(status);
				super.close(status, trailers);
			}

		}, headers);
	}

	List<Status> closed() {
		return this.closed;
	}

}
