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
 * it wait until the transport is ready. A handler that owes one answer and sends two or
 * none ends its call with an error that says so; gRPC would reset the stream.
 */
final class GuardedServerCall<Q, R> extends SimpleForwardingServerCall<Q, R> {

	private final EngineServerCall<?, ?> call;

	private final ServerSendGuard guard;

	private final boolean streaming;

	/** The call, where no interceptor is between it and this. */
	private final @Nullable EngineServerCall<Q, R> direct;

	// Guarded by the guard

	private boolean headersSent;

	private boolean answered;

	/** What was wrong with the answers, if something was. */
	private @Nullable String breach;

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
		if (!this.streaming && this.call.isClosed() && this.call.owner().isCancelled()) {
			return; // its client was told of another end
		}
		this.guard.send(() -> transmitMessage(message), this.streaming);
		throwIfBreached();
	}

	/** Sends a message of a stream if the transport takes it now. */
	boolean sendIfReady(R message) {
		return this.guard.sendIfReady(() -> transmitMessage(message));
	}

	private void transmitMessage(R message) {
		if (this.answered && !this.streaming) {
			this.breach = "sent a second answer";
			transmitEnd(breached(), new Metadata());
			return;
		}
		this.answered = true;
		if (this.direct != null) {
			this.direct.transmitMessage(message);
		}
		else {
			super.sendMessage(message);
		}
	}

	@Override
	public void close(Status status, Metadata trailers) {
		this.guard.end(EngineServerCall.inWords(status), !status.isOk(), () -> {
			if (!status.isOk() || !isUnanswered()) {
				transmitEnd(status, trailers);
			}
			else if (this.call.owner().isCancelled()) {
				// Nobody hears of it, but gRPC would warn of an answer that is missing
				transmitEnd(Status.CANCELLED, trailers);
			}
			else {
				this.breach = "completed without an answer";
				transmitEnd(breached(), trailers);
			}
		});
		throwIfBreached();
	}

	/** Not so if an interceptor has sent the answer. */
	private boolean isUnanswered() {
		return !this.streaming && !this.answered && this.call.sent() == 0;
	}

	private Status breached() {
		return Status.INTERNAL.withDescription("The handler " + this.breach);
	}

	/**
	 * Tells the handler, which lets it be logged, once the guard is free: what an event
	 * loop has queued is sent by others, whom it does not concern.
	 */
	private void throwIfBreached() {
		if (this.breach != null) {
			throw new IllegalStateException(
					"The handler of %s %s".formatted(this.call.owner().describe(), this.breach));
		}
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
