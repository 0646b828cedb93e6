package io.strand.grpc.client;

import java.net.SocketAddress;

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
import io.strand.grpc.client.resolve.ResolvedAddresses;
import org.jspecify.annotations.Nullable;

/**
 * Has a call that found no server, or lost it, say which channel it was made on, where
 * that leads, to which addresses, and what the last attempt to connect said: gRPC's own
 * "io exception" says none of it, and nothing of TLS on one side only. What a server
 * itself answers is left as it is. Thread-safe.
 *
 * @param name the name of the channel
 * @param target where it leads
 * @param addresses what that was resolved to, or what its policy has found
 * @param mismatch says what TLS has to do with it
 */
record UnavailableDetails(String name, String target, ResolvedAddresses addresses,
		TlsMismatch mismatch) implements ClientInterceptor {

	@Override
	public <Q, R> ClientCall<Q, R> interceptCall(MethodDescriptor<Q, R> method, CallOptions options, Channel next) {
		return new SimpleForwardingClientCall<>(next.newCall(method, options)) {

			@Override
			public void start(Listener<R> listener, Metadata headers) {
				super.start(new Answer<>(listener, this), headers);
			}

		};
	}

	private Status explain(Status status, @Nullable SocketAddress connectedTo, boolean answered) {
		// A status that came from a server has no cause
		Throwable cause = status.getCause();
		boolean ofServer = answered && cause == null;
		String tls = this.mismatch.describe(status, connectedTo != null);
		if (tls == null && (status.getCode() != Status.Code.UNAVAILABLE || ofServer)) {
			return status;
		}
		String said = (status.getDescription() != null) ? status.getDescription() : "The server cannot be reached";
		StringBuilder details = new StringBuilder("channel '%s' to %s".formatted(this.name, this.target));
		String found = (connectedTo != null) ? ResolvedAddresses.describe(connectedTo) : this.addresses.describe();
		if (!found.isEmpty()) {
			details.append(" at ").append(found);
		}
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

	private final class Answer<R> extends SimpleForwardingClientCallListener<R> {

		private final ClientCall<?, R> call;

		private boolean begun;

		Answer(ClientCall.Listener<R> listener, ClientCall<?, R> call) {
			super(listener);
			this.call = call;
		}

		@Override
		public void onHeaders(Metadata headers) {
			this.begun = true;
			super.onHeaders(headers);
		}

		@Override
		public void onClose(Status status, @Nullable Metadata trailers) {
			// Those of a server that answers with nothing else have a content type at
			// least
			boolean answered = this.begun || (trailers != null && !trailers.keys().isEmpty());
			super.onClose(explain(status, this.call.getAttributes().get(Grpc.TRANSPORT_ATTR_REMOTE_ADDR), answered),
					trailers);
		}

	}

}
