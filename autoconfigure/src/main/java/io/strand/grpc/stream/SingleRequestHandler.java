package io.strand.grpc.stream;

import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.Status;
import io.strand.grpc.call.EndCallbacks;
import org.jspecify.annotations.Nullable;

/**
 * Handles a method whose client sends one message: runs the body when it is complete.
 *
 * @param <Q> the type of the request
 * @param <R> the type of the responses
 * @param body answers and completes the call
 */
record SingleRequestHandler<Q, R>(Body<Q, R> body) implements ServerCallHandler<Q, R> {

	@Override
	public ServerCall.Listener<Q> startCall(ServerCall<Q, R> call, Metadata headers) {
		// Two, to catch a client that sends more than one
		call.request(2);
		return new Listener<>(this.body, call);
	}

	interface Body<Q, R> {

		void run(ServerCall<Q, R> call, Q request) throws Throwable;

	}

	private static final class Listener<Q, R> extends ServerCall.Listener<Q> implements EndCallbacks.Aware {

		private final Body<Q, R> body;

		private final ServerCall<Q, R> call;

		private @Nullable Q request;

		private boolean refused;

		Listener(Body<Q, R> body, ServerCall<Q, R> call) {
			this.body = body;
			this.call = call;
		}

		@Override
		public void onMessage(Q message) {
			if (this.request != null) {
				refuse("more than one request");
			}
			else {
				this.request = message;
			}
		}

		@Override
		public void onHalfClose() {
			Q complete = this.request;
			if (this.refused) {
				return;
			}
			if (complete == null) {
				refuse("no request");
				return;
			}
			this.request = null; // a handler that runs long need not keep it
			try {
				this.body.run(this.call, complete);
			}
			catch (Throwable ex) {
				throw Sneaky.rethrow(ex);
			}
		}

		@Override
		public boolean hasEndCallbacks() {
			return false;
		}

		private void refuse(String what) {
			if (!this.refused) {
				this.refused = true;
				this.call.close(Status.INTERNAL.withDescription("The client of %s sent %s"
					.formatted(this.call.getMethodDescriptor().getFullMethodName(), what)), new Metadata());
			}
		}

	}

}
