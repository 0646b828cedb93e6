package io.strand.grpc.health;

import io.grpc.ForwardingServerCallListener.SimpleForwardingServerCallListener;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.strand.grpc.call.CallEngine;

/**
 * Keeps those who watch the health of a server from holding up anybody: a watcher that
 * does not read misses what was in between and blocks nobody, one that has gone fails
 * nobody, and all are ended when the server begins to wait for its calls. To be next to
 * the guard of the call, around whatever else wraps the handler.
 */
public final class WatchStreams implements ServerInterceptor {

	private final boolean oneAtATime;

	private WatchStreams(boolean oneAtATime) {
		this.oneAtATime = oneAtATime;
	}

	/**
	 * For a service whose handlers return at once, so that they hear of it when their
	 * clients read: of what a client has not read, one message is kept beside the latest.
	 * @return the interceptor
	 */
	public static WatchStreams oneAtATime() {
		return new WatchStreams(true);
	}

	/**
	 * For any service: a handler that waits for the next change does not hear of it when
	 * its client reads, so as many messages are kept as of any stream.
	 * @return the interceptor
	 */
	public static WatchStreams ofAnyHandler() {
		return new WatchStreams(false);
	}

	@Override
	public <Q, R> ServerCall.Listener<Q> interceptCall(ServerCall<Q, R> call, Metadata headers,
			ServerCallHandler<Q, R> next) {
		if (call.getMethodDescriptor().getType().serverSendsOneMessage()) {
			return next.startCall(call, headers);
		}
		if (this.oneAtATime) {
			call.setOnReadyThreshold(1);
		}
		WatchCall<Q, R> watch = new WatchCall<>(call);
		ServerCall.Listener<Q> listener = next.startCall(watch, headers);
		CallEngine.endAtStop(call, watch::end);
		return new SimpleForwardingServerCallListener<>(listener) {

			@Override
			public void onReady() {
				watch.flush();
				super.onReady();
			}

		};
	}

}
