package io.strand.grpc.stream;

import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.Status;
import org.jspecify.annotations.Nullable;

/**
 * The one answer of a method that sends one.
 */
final class Answer {

	private Answer() {
	}

	static <R> void send(ServerCall<?, R> call, @Nullable R answer) {
		if (answer == null) {
			throw missing(call.getMethodDescriptor().getFullMethodName());
		}
		call.sendHeaders(new Metadata());
		call.sendMessage(answer);
		call.close(Status.OK, new Metadata());
	}

	static IllegalStateException missing(String method) {
		return new IllegalStateException(("The handler of %s returned null: it must return its answer, or throw"
				+ " a StatusRuntimeException to refuse")
			.formatted(method));
	}

}
