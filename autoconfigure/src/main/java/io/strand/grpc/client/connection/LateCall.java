package io.strand.grpc.client.connection;

import io.grpc.Attributes;
import io.grpc.ClientCall;
import io.grpc.Context;
import io.grpc.Metadata;
import org.jspecify.annotations.Nullable;

/**
 * A call that chooses its channel when it starts, not when it is made: in between, a
 * channel may have been replaced or have got busy. As thread-safe as the call it becomes;
 * {@link #cancel} may be called by any thread at any time.
 *
 * @param <Q> the type of the requests
 * @param <R> the type of the responses
 */
public abstract class LateCall<Q, R> extends ClientCall<Q, R> {

	/** Where the call was made: what is in it holds for the call, wherever it starts. */
	private final Context context = Context.current();

	private volatile @Nullable ClientCall<Q, R> started;

	/** The first one. */
	private volatile @Nullable Cancellation cancellation;

	private volatile boolean startOver;

	/**
	 * Chooses the channel.
	 * @return a new call on it
	 */
	protected abstract ClientCall<Q, R> choose();

	/**
	 * Wraps the listener of the call.
	 * @param listener the listener
	 * @return what listens instead
	 */
	protected Listener<R> listen(Listener<R> listener) {
		return listener;
	}

	/**
	 * Called when the start of the chosen call is over.
	 * @param failed whether it threw, so that the listener is told nothing
	 */
	protected abstract void afterStart(boolean failed);

	@Override
	public final void start(Listener<R> listener, Metadata headers) {
		if (this.started != null) {
			throw new IllegalStateException("Already started");
		}
		if (this.cancellation != null) {
			throw new IllegalStateException("The call was cancelled before it was started");
		}
		Context previous = this.context.attach();
		try {
			begin(listener, headers);
		}
		finally {
			this.context.detach(previous);
		}
	}

	private void begin(Listener<R> listener, Metadata headers) {
		ClientCall<Q, R> call = choose();
		// Before the start, since the listener may be told of something and use the call
		this.started = call;
		boolean failed = true;
		try {
			call.start(listen(listener), headers);
			failed = false;
		}
		finally {
			this.startOver = true;
			try {
				Cancellation meanwhile = this.cancellation;
				if (meanwhile != null) {
					call.cancel(meanwhile.message(), meanwhile.cause());
				}
			}
			finally {
				afterStart(failed);
			}
		}
	}

	private ClientCall<Q, R> call() {
		ClientCall<Q, R> call = this.started;
		if (call == null) {
			throw new IllegalStateException("Not started");
		}
		return call;
	}

	@Override
	public void request(int count) {
		call().request(count);
	}

	@Override
	public void cancel(@Nullable String message, @Nullable Throwable cause) {
		// Said before it is looked whether the start is over, and the other way round
		// there
		if (this.cancellation == null) {
			this.cancellation = new Cancellation(message, cause);
		}
		if (this.startOver) {
			call().cancel(message, cause);
		}
	}

	@Override
	public void halfClose() {
		call().halfClose();
	}

	@Override
	public void sendMessage(Q message) {
		call().sendMessage(message);
	}

	@Override
	public boolean isReady() {
		ClientCall<Q, R> call = this.started;
		return call != null && call.isReady();
	}

	@Override
	public void setMessageCompression(boolean enabled) {
		call().setMessageCompression(enabled);
	}

	@Override
	public Attributes getAttributes() {
		ClientCall<Q, R> call = this.started;
		return (call != null) ? call.getAttributes() : Attributes.EMPTY;
	}

	private record Cancellation(@Nullable String message, @Nullable Throwable cause) {

	}

}
