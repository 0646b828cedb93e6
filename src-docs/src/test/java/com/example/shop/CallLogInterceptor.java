package com.example.shop;

import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.strand.grpc.server.GrpcGlobalServerInterceptor;

import org.springframework.core.annotation.Order;

// tag::global[]
@GrpcGlobalServerInterceptor
@Order(100)
class CallLogInterceptor implements ServerInterceptor {

	private final List<String> methods = new CopyOnWriteArrayList<>();

	@Override
	public <Q, A> ServerCall.Listener<Q> interceptCall(ServerCall<Q, A> call, Metadata headers,
			ServerCallHandler<Q, A> next) {
		this.methods.add(call.getMethodDescriptor().getFullMethodName());
		return next.startCall(call, headers);
	}

	List<String> methods() {
		return this.methods;
	}

}
// end::global[]
