package io.strand.grpc.client;

import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ClientCall;
import io.grpc.ClientInterceptor;
import io.grpc.ForwardingClientCall.SimpleForwardingClientCall;
import io.grpc.ForwardingClientCallListener.SimpleForwardingClientCallListener;
import io.grpc.Grpc;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.Status;
import org.jspecify.annotations.Nullable;

/**
 * Has a call that found no server say which channel it was made on, where that leads, and
 * what the last attempt to connect said, with the address: gRPC's own "io exception" says
 * none of it, and nothing of TLS on one side only. What a server itself answers is left
 * as it is. Thread-safe.
 */
record UnavailableDetails(String name, String target, TlsMismatch mismatch) implements ClientInterceptor {

	@Override
	public <Q, R> ClientCall<Q, R> interceptCall(MethodDescriptor<Q, R> method, CallOptions options, Channel next) {
		return new SimpleForwardingClientCall<>(next.newCall(method, options)) {

			@Override
			public void start(Listener<R> listener, Metadata headers) {
				super.start(new SimpleForwardingClientCallListener<>(listener) {

					@Override
					public void onClose(Status status, @Nullable Metadata trailers) {
						super.onClose(explain(status, isConnected()), trailers);
					}

				}, headers);
			}

			private boolean isConnected() {
				return getAttributes().get(Grpc.TRANSPORT_ATTR_REMOTE_ADDR) != null;
			}

		};
	}

	/** A status that came from a server has no cause. */
	private Status explain(Status status, boolean connected) {
		Throwable cause = status.getCause();
		String tls = this.mismatch.describe(status, connected);
		if (tls == null && (status.getCode() != Status.Code.UNAVAILABLE || cause == null)) {
			return status;
		}
		String said = (status.getDescription() != null) ? status.getDescription() : "The server cannot be reached";
		StringBuilder details = new StringBuilder("channel '%s' to %s".formatted(this.name, this.target));
		if (tls != null) {
			details.append(": ").append(tls);
		}
		for (Throwable each = cause; each != null; each = each.getCause()) {
			String message = each.getMessage();
			if (message != null && !said.contains(message) && details.indexOf(message) < 0) {
				details.append(": ").append(message);
			}
		}
		return status.withDescription(said + " (" + details + ")");
	}

}
