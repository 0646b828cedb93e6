package io.strand.grpc.health;

import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;

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

	private final AtomicInteger sending = new AtomicInteger();

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
		// First: who ends the stream does so and then looks whether somebody sends
		this.sending.incrementAndGet();
		try {
			if (!this.ended.get()) {
				action.run();
			}
		}
		catch (RuntimeException ex) {
			if (!this.ended.get()) {
				throw ex;
			}
		}
		finally {
			this.sending.decrementAndGet();
		}
	}

	@Override
	public void close(Status status, Metadata trailers) {
		if (this.ended.compareAndSet(false, true)) {
			super.close(status, trailers);
		}
	}

	/**
	 * Ends the stream: in order if its client reads and nobody sends, else with an error,
	 * which does not wait for a sender that waits for the client.
	 */
	void end() {
		if (this.ended.compareAndSet(false, true)) {
			boolean inOrder = this.sending.get() == 0 && isReady();
			super.close(inOrder ? Status.OK : Status.UNAVAILABLE.withDescription("The server stops"), new Metadata());
		}
	}

}
