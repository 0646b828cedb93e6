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
 * the handlers.
 */
public final class WatchStreams implements ServerInterceptor {

	@Override
	public <Q, R> ServerCall.Listener<Q> interceptCall(ServerCall<Q, R> call, Metadata headers,
			ServerCallHandler<Q, R> next) {
		if (call.getMethodDescriptor().getType().serverSendsOneMessage()) {
			return next.startCall(call, headers);
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
