package io.strand.grpc.health;

import java.util.concurrent.atomic.AtomicBoolean;

import io.grpc.ForwardingServerCall.SimpleForwardingServerCall;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.Status;

/**
 * A stream that may be ended at any moment, with a handler that does not know of it: what
 * that sends later goes nowhere. Thread-safe as what is below it.
 */
final class ToolCall<Q, R> extends SimpleForwardingServerCall<Q, R> {

	private final AtomicBoolean ended = new AtomicBoolean();

	ToolCall(ServerCall<Q, R> delegate) {
		super(delegate);
	}

	@Override
	public void sendHeaders(Metadata headers) {
		unlessEnded(() -> super.sendHeaders(headers));
	}

	@Override
	public void sendMessage(R message) {
		unlessEnded(() -> super.sendMessage(message));
	}

	private void unlessEnded(Runnable action) {
		if (this.ended.get()) {
			return;
		}
		try {
			action.run();
		}
		catch (RuntimeException ex) {
			if (!this.ended.get()) {
				throw ex;
			}
		}
	}

	@Override
	public void close(Status status, Metadata trailers) {
		if (this.ended.compareAndSet(false, true)) {
			super.close(status, trailers);
		}
	}

	/**
	 * Ends the stream: in order if its client reads, else with an error, which does not
	 * wait for a sender that waits for the client.
	 */
	void end() {
		if (this.ended.compareAndSet(false, true)) {
			super.close(isReady() ? Status.OK : Status.UNAVAILABLE.withDescription("The server stops"), new Metadata());
		}
	}

}
