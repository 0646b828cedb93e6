package com.example.shop;

import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ClientCall;
import io.grpc.ClientInterceptor;
import io.grpc.ForwardingClientCall.SimpleForwardingClientCall;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.strand.grpc.client.GrpcGlobalClientInterceptor;

// tag::global[]
@GrpcGlobalClientInterceptor
class TokenInterceptor implements ClientInterceptor {

	static final Metadata.Key<String> TOKEN = Metadata.Key.of("token", Metadata.ASCII_STRING_MARSHALLER);

	@Override
	public <Q, A> ClientCall<Q, A> interceptCall(MethodDescriptor<Q, A> method, CallOptions options, Channel next) {
		return new SimpleForwardingClientCall<>(next.newCall(method, options)) {

			@Override
			public void start(Listener<A> listener, Metadata headers) {
				headers.put(TOKEN, "s3cret");
				super.start(listener, headers);
			}

		};
	}

}
// end::global[]
