package io.strand.grpc.service.scope;

import java.util.function.Supplier;

import io.grpc.Context;
import io.strand.grpc.call.CallThreadHook;
import io.strand.grpc.call.GrpcCall;
import org.jspecify.annotations.Nullable;

import org.springframework.core.task.TaskDecorator;

/**
 * Carries {@link Context gRPC's context}, and with it the call, its scope, deadline and
 * cancellation, from the thread that submits a task to the one that runs it, which is set
 * up as the call's own thread is: with its log context and its caller. For executors of
 * the application, and where Micrometer's context propagation, which does the same, is
 * not on the class path.
 *
 * <p>
 * When the call ends, so does its context: calls that a task makes after that are
 * cancelled. A task that is to outlive the call runs its own part in
 * {@link Context#fork()}.
 */
public final class GrpcContextTaskDecorator implements TaskDecorator {

	@Override
	public Runnable decorate(Runnable task) {
		GrpcCall call = GrpcCall.currentOrNull();
		return Context.current().wrap((call != null) ? () -> CallThreadHook.onBehalfOf(call, result(task)) : task);
	}

	private static Supplier<@Nullable Void> result(Runnable task) {
		return () -> {
			task.run();
			return null;
		};
	}

}
