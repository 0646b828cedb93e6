package io.strand.grpc.stream;

import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.strand.grpc.call.Receiver;

/**
 * Handles a method whose client sends a stream: runs the body in the first callback,
 * normally the one that the engine gives to a call with a {@link Receiver} at once.
 * Before that, {@link #startCall} must have returned, since what interceptors do to
 * messages is set up by then.
 *
 * @param <Q> the type of the requests
 * @param <R> the type of the responses
 * @param body receives, answers and completes the call
 */
record RequestStreamHandler<Q, R>(Body<Q, R> body) implements ServerCallHandler<Q, R> {

	@Override
	public ServerCall.Listener<Q> startCall(ServerCall<Q, R> call, Metadata headers) {
		Receiver<Q> receiver = Receiver.of(call);
		CallStream<Q, R> stream = new CallStream<>(receiver, new OutgoingStream<>(call)::send);
		return new Listener<>(receiver, () -> this.body.run(call, stream));
	}

	interface Body<Q, R> {

		void run(ServerCall<Q, R> call, CallStream<Q, R> stream) throws Throwable;

	}

	private static final class Listener<Q> extends ServerCall.Listener<Q> {

		private final Receiver<Q> receiver;

		private final BodyStart start;

		Listener(Receiver<Q> receiver, BodyStart.Body body) {
			this.receiver = receiver;
			this.start = new BodyStart(receiver, body);
		}

		@Override
		public void onReady() {
			this.start.once();
		}

		@Override
		public void onMessage(Q message) {
			this.receiver.add(message);
			this.start.once();
		}

		@Override
		public void onHalfClose() {
			this.receiver.halfClose();
			this.start.once();
		}

	}

}
