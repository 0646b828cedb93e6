package io.strand.grpc.call;

import java.util.Objects;

import io.grpc.ForwardingServerCall.SimpleForwardingServerCall;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.Status;
import org.jspecify.annotations.Nullable;

/**
 * The innermost wrapper of a call, next to the generated code: lets one thread at a time
 * through to the interceptors, which are no more thread-safe than the transport, and has
 * it wait until the transport is ready.
 */
final class GuardedServerCall<Q, R> extends SimpleForwardingServerCall<Q, R> {

	private final EngineServerCall<?, ?> call;

	private final ServerSendGuard guard;

	private final boolean streaming;

	/** The call, where no interceptor is between it and this. */
	private final @Nullable EngineServerCall<Q, R> direct;

	/** Guarded by the guard. */
	private boolean headersSent;

	@SuppressWarnings("unchecked")
	GuardedServerCall(ServerCall<Q, R> delegate, EngineServerCall<?, ?> call) {
		super(delegate);
		this.direct = (delegate == call) ? (EngineServerCall<Q, R>) call : null;
		this.call = call;
		this.guard = call.guard();
		this.streaming = !call.plan().serverSendsOneMessage();
	}

	boolean isDirect() {
		return this.direct != null;
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
				transmitHeaders(headers);
			}
		}, false);
	}

	private void transmitHeaders(Metadata headers) {
		if (this.direct != null) {
			this.direct.transmitHeaders(headers);
		}
		else {
			super.sendHeaders(headers);
		}
	}

	@Override
	public void sendMessage(R message) {
		Objects.requireNonNull(message, "message");
		if (!this.streaming && this.call.owner().isCancelled()) {
			return; // as generated code: the answer to a call that is gone goes nowhere
		}
		this.guard.send(() -> transmitMessage(message), this.streaming);
	}

	private void transmitMessage(R message) {
		if (this.direct != null) {
			this.direct.transmitMessage(message);
		}
		else {
			super.sendMessage(message);
		}
	}

	@Override
	public void close(Status status, Metadata trailers) {
		this.guard.end(EngineServerCall.inWords(status), !status.isOk(), () -> transmitEnd(status, trailers));
	}

	private void transmitEnd(Status status, Metadata trailers) {
		if (this.direct != null) {
			this.direct.transmitEnd(status, trailers);
		}
		else {
			super.close(status, trailers);
		}
	}

}
