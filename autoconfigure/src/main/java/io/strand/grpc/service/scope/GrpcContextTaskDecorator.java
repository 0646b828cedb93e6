package io.strand.grpc.service.scope;

import io.grpc.Context;

import org.springframework.core.task.TaskDecorator;

/**
 * Carries {@link Context gRPC's context}, and with it the call, its scope, deadline and
 * cancellation, from the thread that submits a task to the one that runs it. For
 * executors of the application, and where Micrometer's context propagation, which does
 * the same, is not on the class path.
 *
 * <p>
 * When the call ends, so does its context: calls that a task makes after that are
 * cancelled. A task that is to outlive the call runs its own part in
 * {@link Context#fork()}.
 */
public final class GrpcContextTaskDecorator implements TaskDecorator {

	@Override
	public Runnable decorate(Runnable task) {
		return Context.current().wrap(task);
	}

}
