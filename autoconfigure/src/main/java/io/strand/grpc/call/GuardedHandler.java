package io.strand.grpc.call;

import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;

/**
 * The handler of a method, with its call guarded.
 */
record GuardedHandler<Q, R>(ServerCallHandler<Q, R> handler) implements ServerCallHandler<Q, R> {

	@Override
	public ServerCall.Listener<Q> startCall(ServerCall<Q, R> call, Metadata headers) {
		EngineServerCall<?, ?> engineCall = EngineServerCall.of(call);
		if (engineCall == null) {
			return this.handler.startCall(call, headers); // not served by the engine
		}
		GuardedServerCall<Q, R> guarded = new GuardedServerCall<>(call, engineCall);
		engineCall.innermost(guarded);
		ServerCall.Listener<Q> listener = this.handler.startCall(guarded, headers);
		Pump pump = engineCall.owner().thread().pump();
		if (pump != null) {
			pump.innermost(listener);
		}
		return listener;
	}

}
