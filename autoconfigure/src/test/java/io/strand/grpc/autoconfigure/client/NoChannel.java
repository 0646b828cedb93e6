package io.strand.grpc.autoconfigure.client;

import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ClientCall;
import io.grpc.MethodDescriptor;

/**
 * A channel that leads nowhere, for stubs that a test makes itself.
 */
final class NoChannel extends Channel {

	@Override
	public <Q, R> ClientCall<Q, R> newCall(MethodDescriptor<Q, R> method, CallOptions options) {
		throw new UnsupportedOperationException();
	}

	@Override
	public String authority() {
		return "nobody";
	}

}
