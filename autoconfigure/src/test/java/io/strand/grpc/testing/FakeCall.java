package io.strand.grpc.testing;

import io.grpc.CallOptions;
import io.grpc.ClientCall;
import io.grpc.ClientStreamTracer;
import io.grpc.Metadata;
import io.grpc.Status;
import org.jspecify.annotations.Nullable;

/**
 * A call that goes nowhere: the test ends it.
 *
 * @param <Q> the type of the requests
 * @param <R> the type of the responses
 */
public final class FakeCall<Q, R> extends ClientCall<Q, R> {

	private final CallOptions options;

	private final @Nullable FakeChannel channel;

	private volatile @Nullable Listener<R> listener;

	private volatile boolean started;

	private volatile boolean startedTooLate;

	private volatile boolean cancelledTooEarly;

	private volatile int cancellations;

	private volatile @Nullable Thread meanwhile;

	FakeCall(CallOptions options, @Nullable FakeChannel channel) {
		this.options = options;
		this.channel = channel;
	}

	public FakeCall() {
		this(CallOptions.DEFAULT, null);
	}

	/**
	 * Its start shall throw, though it has told another thread of its listener.
	 * @param other the other thread, not started yet
	 */
	public void failToStart(Thread other) {
		this.meanwhile = other;
	}

	@Override
	public void start(Listener<R> listener, Metadata headers) {
		this.listener = listener;
		this.startedTooLate = this.channel != null && this.channel.isShutdown();
		Thread other = this.meanwhile;
		if (other != null) {
			other.start();
			throw new IllegalStateException("Fails on purpose");
		}
		this.started = true;
	}

	@Override
	public void request(int count) {
	}

	@Override
	public void cancel(@Nullable String message, @Nullable Throwable cause) {
		this.cancelledTooEarly |= !this.started;
		this.cancellations++;
	}

	@Override
	public void halfClose() {
	}

	@Override
	public void sendMessage(Q message) {
	}

	/** Tells the listener of the end, if there is one by now. */
	public void end() {
		Listener<R> told = this.listener;
		if (told != null) {
			told.onClose(Status.OK, new Metadata());
		}
	}

	/**
	 * A thread that tells the listener of the end.
	 * @return the thread, not started yet
	 */
	public Thread ender() {
		return new Ender(this);
	}

	/**
	 * The call gets a stream, as it does again when it is retried.
	 * @return what is told of the end of the stream
	 */
	public ClientStreamTracer openStream() {
		return this.options.getStreamTracerFactories()
			.get(0)
			.newClientStreamTracer(ClientStreamTracer.StreamInfo.newBuilder().build(), new Metadata());
	}

	public boolean isStarted() {
		return this.started;
	}

	/** Whether its channel was shut down before it started. */
	public boolean isStartedTooLate() {
		return this.startedTooLate;
	}

	/** Whether it was cancelled before its start was over. */
	public boolean isCancelledTooEarly() {
		return this.cancelledTooEarly;
	}

	public boolean isCancelled() {
		return this.cancellations > 0;
	}

	/** A class of its own, since Lincheck does not see what a lambda shares. */
	private static final class Ender extends Thread {

		private final FakeCall<?, ?> call;

		Ender(FakeCall<?, ?> call) {
			this.call = call;
		}

		@Override
		public void run() {
			this.call.end();
		}

	}

}
