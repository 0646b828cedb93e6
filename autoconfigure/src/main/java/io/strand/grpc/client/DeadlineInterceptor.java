package io.strand.grpc.client;

import java.time.Duration;
import java.util.concurrent.TimeUnit;

import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ClientCall;
import io.grpc.ClientInterceptor;
import io.grpc.MethodDescriptor;
import io.grpc.MethodDescriptor.MethodType;
import org.jspecify.annotations.Nullable;

/**
 * Gives calls that have no deadline the channel's. Streams are apart from unary calls,
 * since many are meant to last. A deadline of zero is none, so that a channel need not
 * inherit one. Thread-safe.
 */
record DeadlineInterceptor(@Nullable Duration unary, @Nullable Duration streaming) implements ClientInterceptor {

	@Override
	public <Q, R> ClientCall<Q, R> interceptCall(MethodDescriptor<Q, R> method, CallOptions options, Channel next) {
		Duration deadline = (method.getType() == MethodType.UNARY) ? this.unary : this.streaming;
		if (deadline == null || !isPositive(deadline) || options.getDeadline() != null) {
			return next.newCall(method, options);
		}
		return next.newCall(method, options.withDeadlineAfter(deadline.toNanos(), TimeUnit.NANOSECONDS));
	}

	private static boolean isPositive(Duration deadline) {
		return !deadline.isZero() && !deadline.isNegative();
	}

}
