package io.strand.grpc.client.method;

import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ClientCall;
import io.grpc.ClientInterceptor;
import io.grpc.MethodDescriptor;

/**
 * Lets the calls of methods wait for a connection that are set to. Thread-safe.
 *
 * @param methods the settings of methods
 */
public record WaitForReadyInterceptor(ResolvedMethods methods) implements ClientInterceptor {

	@Override
	public <Q, R> ClientCall<Q, R> interceptCall(MethodDescriptor<Q, R> method, CallOptions options, Channel next) {
		boolean waits = Boolean.TRUE.equals(this.methods.of(method).waitForReady());
		return next.newCall(method, waits ? options.withWaitForReady() : options);
	}

}
