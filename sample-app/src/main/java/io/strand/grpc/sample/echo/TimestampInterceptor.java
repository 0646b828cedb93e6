package io.strand.grpc.sample.echo;

import java.time.Instant;

import io.grpc.ForwardingServerCall.SimpleForwardingServerCall;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.Status;

/**
 * Tells the client when its answer began, in the headers, and when it ended, in the
 * trailers. An interceptor of one service, beside those that an application may have for
 * all.
 */
class TimestampInterceptor implements ServerInterceptor {

	private static final Metadata.Key<String> TIMESTAMP = Metadata.Key.of("timestamp",
			Metadata.ASCII_STRING_MARSHALLER);

	@Override
	public <Q, A> ServerCall.Listener<Q> interceptCall(ServerCall<Q, A> call, Metadata headers,
			ServerCallHandler<Q, A> next) {
		return next.startCall(new TimestampedCall<>(call), headers);
	}

	private static class TimestampedCall<Q, A> extends SimpleForwardingServerCall<Q, A> {

		TimestampedCall(ServerCall<Q, A> call) {
			super(call);
		}

		@Override
		public void sendHeaders(Metadata headers) {
			headers.put(TIMESTAMP, Instant.now().toString());
			super.sendHeaders(headers);
		}

		@Override
		public void close(Status status, Metadata trailers) {
			trailers.put(TIMESTAMP, Instant.now().toString());
			super.close(status, trailers);
		}

	}

}
