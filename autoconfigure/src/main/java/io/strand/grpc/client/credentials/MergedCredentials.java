package io.strand.grpc.client.credentials;

import java.util.concurrent.Executor;

import io.grpc.CallCredentials;
import io.grpc.ClientCall;
import io.grpc.ForwardingClientCallListener.SimpleForwardingClientCallListener;
import io.grpc.Metadata;
import io.grpc.SecurityLevel;
import io.grpc.Status;
import org.jspecify.annotations.Nullable;

/**
 * The credentials of one call: its own and its channel's. Its own come first; the
 * channel's are left out if those, or the call's headers, have an {@code authorization}
 * already: of two the server would take either. Neither is sent over a connection that is
 * not encrypted, unless that is allowed. Thread-safe: attempts of a call that is hedged
 * ask at the same time.
 */
final class MergedCredentials extends CallCredentials {

	private final @Nullable CallCredentials ofCall;

	private final @Nullable CallCredentials ofChannel;

	private final boolean plaintextAllowed;

	private final String refusal;

	/** Written before the call starts. */
	private volatile boolean authorized;

	/** The {@code authorization} of the last attempt. */
	private volatile @Nullable String sent;

	MergedCredentials(@Nullable CallCredentials ofCall, @Nullable CallCredentials ofChannel, boolean plaintextAllowed,
			String refusal) {
		this.ofCall = ofCall;
		this.ofChannel = ofChannel;
		this.plaintextAllowed = plaintextAllowed;
		this.refusal = refusal;
	}

	/**
	 * Called by the thread that starts the call.
	 * @param listener the listener of the call
	 * @param headers what the call sends without credentials
	 * @return what listens instead
	 */
	<R> ClientCall.Listener<R> started(ClientCall.Listener<R> listener, Metadata headers) {
		this.authorized = headers.containsKey(AuthorizationCredentials.AUTHORIZATION);
		if (!(this.ofCall instanceof FetchedToken) && !(this.ofChannel instanceof FetchedToken)) {
			return listener;
		}
		return new SimpleForwardingClientCallListener<>(listener) {

			@Override
			public void onClose(Status status, Metadata trailers) {
				String tried = MergedCredentials.this.sent;
				if (status.getCode() == Status.Code.UNAUTHENTICATED && tried != null) {
					refused(MergedCredentials.this.ofCall, tried);
					refused(MergedCredentials.this.ofChannel, tried);
				}
				super.onClose(status, trailers);
			}

		};
	}

	private static void refused(@Nullable CallCredentials credentials, String tried) {
		if (credentials instanceof FetchedToken token) {
			token.refused(tried);
		}
	}

	@Override
	public void applyRequestMetadata(RequestInfo call, Executor executor, MetadataApplier applier) {
		CallCredentials own = this.ofCall;
		if (own == null && this.authorized) {
			applier.apply(new Metadata());
		}
		else if (!this.plaintextAllowed && call.getSecurityLevel() != SecurityLevel.PRIVACY_AND_INTEGRITY) {
			applier.fail(Status.UNAUTHENTICATED.withDescription(
					"%s was not called. %s".formatted(call.getMethodDescriptor().getFullMethodName(), this.refusal)));
		}
		else if (own == null) {
			addChannels(call, executor, applier, new Metadata());
		}
		else {
			own.applyRequestMetadata(call, executor, new MetadataApplier() {

				@Override
				public void apply(Metadata headers) {
					addChannels(call, executor, applier, headers);
				}

				@Override
				public void fail(Status status) {
					applier.fail(status);
				}

			});
		}
	}

	private void addChannels(RequestInfo call, Executor executor, MetadataApplier applier, Metadata before) {
		CallCredentials added = this.ofChannel;
		if (added == null || this.authorized || before.containsKey(AuthorizationCredentials.AUTHORIZATION)) {
			send(before, applier);
			return;
		}
		added.applyRequestMetadata(call, executor, new MetadataApplier() {

			@Override
			public void apply(Metadata headers) {
				before.merge(headers);
				send(before, applier);
			}

			@Override
			public void fail(Status status) {
				applier.fail(status);
			}

		});
	}

	private void send(Metadata headers, MetadataApplier applier) {
		this.sent = headers.get(AuthorizationCredentials.AUTHORIZATION);
		applier.apply(headers);
	}

}
