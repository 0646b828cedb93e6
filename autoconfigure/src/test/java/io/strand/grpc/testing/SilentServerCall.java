package io.strand.grpc.testing;

import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.ServerCall;
import io.grpc.Status;

/**
 * A call without a client: it asks for nothing, and what is sent to it goes nowhere. A
 * test overrides what it cares for.
 *
 * @param <Q> the type of the requests
 * @param <R> the type of the responses
 */
public abstract class SilentServerCall<Q, R> extends ServerCall<Q, R> {

	@Override
	public void request(int count) {
	}

	@Override
	public void sendHeaders(Metadata headers) {
	}

	@Override
	public void sendMessage(R message) {
	}

	@Override
	public void close(Status status, Metadata trailers) {
	}

	@Override
	public boolean isCancelled() {
		return false;
	}

	@Override
	public MethodDescriptor<Q, R> getMethodDescriptor() {
		throw new UnsupportedOperationException();
	}

}
