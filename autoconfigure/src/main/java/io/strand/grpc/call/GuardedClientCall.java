package io.strand.grpc.call;

import java.util.concurrent.Executor;

import io.grpc.ClientCall;
import io.grpc.ForwardingClientCall.SimpleForwardingClientCall;
import io.grpc.ForwardingClientCallListener.SimpleForwardingClientCallListener;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.Status;
import org.jspecify.annotations.Nullable;

/**
 * A client's stream, with one thread at a time sending on it. Thread-safe.
 *
 * <p>
 * Two kinds of senders may wait: those that the guard lets wait, and those of gRPC's
 * blocking stubs, which ask whether the stream is ready until it is, or until their
 * listener has heard of the end. If that cannot be before they read, they are told that
 * the stream is ready, since only then they send, and are refused.
 */
final class GuardedClientCall<Q, R> extends SimpleForwardingClientCall<Q, R> {

	private final ClientSendGuard guard;

	private final boolean blockingSend;

	private final @Nullable CallAttempts attempts;

	/** Runs the callbacks in the threads that wait, if gRPC's own code does that. */
	private final @Nullable Executor stubsOwn;

	/** The thread that runs a callback of this call now. */
	private volatile @Nullable Thread inCallback;

	/**
	 * Guards a call.
	 * @param delegate the call
	 * @param method its method
	 * @param settings how to guard it
	 * @param attempts what the transport does for it, if senders may wait
	 * @param stubsOwn the executor of gRPC's blocking stubs, if one makes the call
	 */
	GuardedClientCall(ClientCall<Q, R> delegate, MethodDescriptor<Q, R> method, ClientStreamGuard settings,
			@Nullable CallAttempts attempts, @Nullable Executor stubsOwn) {
		super(delegate);
		this.guard = new ClientSendGuard(settings, method.getFullMethodName(), delegate, attempts);
		this.blockingSend = settings.blockingSend();
		this.attempts = attempts;
		this.stubsOwn = stubsOwn;
		if (attempts != null) {
			attempts.tell(this::mayBeOver);
		}
	}

	private void mayBeOver() {
		this.guard.wake();
		if (this.stubsOwn != null && untoldEnd() != null) {
			this.stubsOwn.execute(() -> {
				// Whoever waits there asks again
			});
		}
	}

	private @Nullable Status untoldEnd() {
		return (this.attempts != null) ? this.attempts.untoldEnd(delegate()) : null;
	}

	@Override
	public boolean isReady() {
		return super.isReady() || (this.stubsOwn != null && untoldEnd() != null);
	}

	@Override
	public void start(Listener<R> listener, Metadata headers) {
		super.start(new WakingListener(listener), headers);
	}

	@Override
	public void sendMessage(Q message) {
		Status untold = (this.stubsOwn != null && !super.isReady()) ? ClientSendGuard.notSent(untoldEnd()) : null;
		if (untold != null) {
			throw untold.asRuntimeException();
		}
		this.guard.send(() -> super.sendMessage(message),
				this.blockingSend && this.stubsOwn == null && this.inCallback != Thread.currentThread());
	}

	@Override
	public void halfClose() {
		this.guard.end("half-closed", false, super::halfClose);
	}

	/**
	 * Overtakes senders: gRPC lets a call be cancelled while another thread uses it.
	 */
	@Override
	public void cancel(@Nullable String message, @Nullable Throwable cause) {
		this.guard.ended(Status.CANCELLED.withDescription((message != null) ? message : "The call was cancelled")
			.withCause(cause));
		super.cancel(message, cause);
	}

	private final class WakingListener extends SimpleForwardingClientCallListener<R> {

		WakingListener(Listener<R> delegate) {
			super(delegate);
		}

		@Override
		public void onHeaders(Metadata headers) {
			callback(() -> super.onHeaders(headers));
		}

		@Override
		public void onMessage(R message) {
			callback(() -> super.onMessage(message));
		}

		@Override
		public void onReady() {
			GuardedClientCall.this.guard.wake();
			callback(super::onReady);
		}

		@Override
		public void onClose(Status status, Metadata trailers) {
			GuardedClientCall.this.guard.ended(status);
			callback(() -> super.onClose(status, trailers));
		}

		private void callback(Runnable callback) {
			GuardedClientCall.this.inCallback = Thread.currentThread();
			try {
				callback.run();
			}
			finally {
				GuardedClientCall.this.inCallback = null;
			}
		}

	}

}
