package io.strand.grpc.call;

import java.util.Objects;

import io.grpc.ForwardingServerCall.SimpleForwardingServerCall;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.Status;

/**
 * The innermost wrapper of a call, next to the generated code: lets one thread at a time
 * through to the interceptors, which are no more thread-safe than the transport, and has
 * it wait until the transport is ready.
 */
final class GuardedServerCall<Q, R> extends SimpleForwardingServerCall<Q, R> {

	private final EngineServerCall<?, ?> call;

	private final ServerSendGuard guard;

	private final boolean streaming;

	/** Guarded by the guard. */
	private boolean headersSent;

	GuardedServerCall(ServerCall<Q, R> delegate, EngineServerCall<?, ?> call) {
		super(delegate);
		this.call = call;
		this.guard = call.guard();
		this.streaming = !call.plan().serverSendsOneMessage();
	}

	EngineServerCall<?, ?> engineCall() {
		return this.call;
	}

	@Override
	public void sendHeaders(Metadata headers) {
		this.guard.send(() -> {
			// Generated code looks whether headers were sent and then sends empty ones,
			// without a lock: two first senders may both come here
			if (!this.headersSent || !headers.keys().isEmpty()) {
				this.headersSent = true;
				super.sendHeaders(headers);
			}
		}, false);
	}

	@Override
	public void sendMessage(R message) {
		Objects.requireNonNull(message, "message");
		if (!this.streaming && this.call.owner().isCancelled()) {
			return; // as generated code: the answer to a call that is gone goes nowhere
		}
		this.guard.send(() -> super.sendMessage(message), this.streaming);
	}

	@Override
	public void close(Status status, Metadata trailers) {
		this.guard.end(EngineServerCall.inWords(status), !status.isOk(), () -> super.close(status, trailers));
	}

}
