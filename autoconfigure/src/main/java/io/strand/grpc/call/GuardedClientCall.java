package io.strand.grpc.call;

import io.grpc.ClientCall;
import io.grpc.ForwardingClientCall.SimpleForwardingClientCall;
import io.grpc.ForwardingClientCallListener.SimpleForwardingClientCallListener;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.Status;
import org.jspecify.annotations.Nullable;

/**
 * A client's stream, with one thread at a time sending on it. Thread-safe.
 */
final class GuardedClientCall<Q, R> extends SimpleForwardingClientCall<Q, R> {

	private final ClientSendGuard guard;

	private final boolean blockingSend;

	/** The thread that runs a callback of this call now. */
	private volatile @Nullable Thread inCallback;

	GuardedClientCall(ClientCall<Q, R> delegate, MethodDescriptor<Q, R> method, ClientStreamGuard settings) {
		super(delegate);
		this.guard = new ClientSendGuard(settings, method.getFullMethodName(), delegate);
		this.blockingSend = settings.blockingSend();
	}

	@Override
	public void start(Listener<R> listener, Metadata headers) {
		super.start(new WakingListener(listener), headers);
	}

	@Override
	public void sendMessage(Q message) {
		this.guard.send(() -> super.sendMessage(message),
				this.blockingSend && this.inCallback != Thread.currentThread());
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
