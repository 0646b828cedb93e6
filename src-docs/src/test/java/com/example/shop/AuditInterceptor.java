package com.example.shop;

import java.util.concurrent.atomic.AtomicInteger;

import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;

import org.springframework.stereotype.Component;

/**
 * Counts calls.
 */
@Component
class AuditInterceptor implements ServerInterceptor {

	final AtomicInteger calls = new AtomicInteger();

	@Override
	public <Q, A> ServerCall.Listener<Q> interceptCall(ServerCall<Q, A> call, Metadata headers,
			ServerCallHandler<Q, A> next) {
		this.calls.incrementAndGet();
		return next.startCall(call, headers);
	}

}
