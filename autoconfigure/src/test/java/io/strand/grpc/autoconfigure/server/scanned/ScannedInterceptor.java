package io.strand.grpc.autoconfigure.server.scanned;

import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.strand.grpc.server.GrpcGlobalServerInterceptor;

/**
 * A global interceptor for component scans to find. It counts calls.
 */
@GrpcGlobalServerInterceptor
public class ScannedInterceptor implements ServerInterceptor {

	private volatile int calls;

	@Override
	public <Q, A> ServerCall.Listener<Q> interceptCall(ServerCall<Q, A> call, Metadata headers,
			ServerCallHandler<Q, A> next) {
		this.calls = this.calls + 1;
		return next.startCall(call, headers);
	}

	public int calls() {
		return this.calls;
	}

}
