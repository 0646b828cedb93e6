package io.strand.grpc.health;

import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.strand.grpc.call.CallEngine;

/**
 * Ends the streams of tools, which they keep for as long as somebody might ask again,
 * when the server begins to wait for its calls. To be next to the handlers.
 */
public final class ToolStreams implements ServerInterceptor {

	@Override
	public <Q, R> ServerCall.Listener<Q> interceptCall(ServerCall<Q, R> call, Metadata headers,
			ServerCallHandler<Q, R> next) {
		if (call.getMethodDescriptor().getType().serverSendsOneMessage()) {
			return next.startCall(call, headers);
		}
		ToolCall<Q, R> ending = new ToolCall<>(call);
		ServerCall.Listener<Q> listener = next.startCall(ending, headers);
		CallEngine.endAtStop(call, ending::end);
		return listener;
	}

}
