package io.strand.grpc.client.credentials;

import io.grpc.CallCredentials;
import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ClientCall;
import io.grpc.ClientInterceptor;
import io.grpc.ForwardingClientCall.SimpleForwardingClientCall;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;

/**
 * Gives calls the credentials of their channel, beside those that they bring along, and
 * keeps both from connections that are not encrypted. The innermost interceptor, so that
 * it sees what the others have set. Thread-safe.
 */
public final class AuthenticationInterceptor implements ClientInterceptor {

	private final ChannelAuthentication authentication;

	private final boolean plaintextAllowed;

	private final String refusal;

	/**
	 * Creates the interceptor of a channel.
	 * @param authentication the channel's settings
	 * @param local whether the channel leads nowhere outside this machine
	 * @param refusal what a call is told whose credentials are not sent
	 */
	public AuthenticationInterceptor(ChannelAuthentication authentication, boolean local, String refusal) {
		this.authentication = authentication;
		this.plaintextAllowed = local || authentication.isPlaintextAllowed();
		this.refusal = refusal;
	}

	@Override
	public <Q, R> ClientCall<Q, R> interceptCall(MethodDescriptor<Q, R> method, CallOptions options, Channel next) {
		CallCredentials ofChannel = this.authentication.forCall();
		CallCredentials ofCall = options.getCredentials();
		if (ofCall == null && ofChannel == null) {
			return next.newCall(method, options);
		}
		MergedCredentials credentials = new MergedCredentials(ofCall, ofChannel, this.plaintextAllowed, this.refusal);
		return new SimpleForwardingClientCall<>(next.newCall(method, options.withCallCredentials(credentials))) {

			@Override
			public void start(Listener<R> listener, Metadata headers) {
				super.start(credentials.started(listener, headers), headers);
			}

		};
	}

}
