package io.strand.grpc.client;

import java.util.concurrent.Executor;

import io.grpc.CallOptions;
import io.grpc.ClientCall;
import io.grpc.Metadata;
import io.grpc.Status;
import org.jspecify.annotations.Nullable;

/**
 * A call that ends with a status as soon as it is started.
 */
final class RefusedCall<Q, R> extends ClientCall<Q, R> {

	private final Status status;

	private final Executor executor;

	RefusedCall(Status status, CallOptions options) {
		this.status = status;
		Executor callExecutor = options.getExecutor();
		this.executor = (callExecutor != null) ? callExecutor : Runnable::run;
	}

	@Override
	public void start(Listener<R> listener, Metadata headers) {
		this.executor.execute(() -> listener.onClose(this.status, new Metadata()));
	}

	@Override
	public void request(int numMessages) {
	}

	@Override
	public void cancel(@Nullable String message, @Nullable Throwable cause) {
	}

	@Override
	public void halfClose() {
	}

	@Override
	public void sendMessage(Q message) {
	}

}
