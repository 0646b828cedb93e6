package io.strand.grpc.service.advice;

import io.grpc.Metadata;
import io.grpc.Status;
import io.grpc.StatusException;
import io.grpc.protobuf.StatusProto;
import io.strand.grpc.call.GrpcCall;

/**
 * What a client is told of an exception.
 *
 * @param status the status, with the exception as its cause
 * @param trailers sent with the status
 */
record Answer(Status status, Metadata trailers) {

	/**
	 * Reads what a method or mapper returned.
	 * @param returned a status in one of the forms that {@link GrpcExceptionHandler}
	 * allows
	 * @param exception the exception
	 * @param call the call
	 * @return the answer
	 * @throws IllegalArgumentException if the status is OK, as which no exception can end
	 */
	static Answer of(Object returned, Throwable exception, GrpcCall call) {
		Metadata trailers = new Metadata();
		Status status;
		if (returned instanceof Status plain) {
			status = plain;
		}
		else {
			Throwable thrown = (returned instanceof Throwable throwable) ? throwable : Details.of(returned);
			status = Status.fromThrowable(thrown);
			Metadata shared = Status.trailersFromThrowable(thrown);
			if (shared != null) {
				trailers.merge(shared);
			}
		}
		if (status.isOk()) {
			throw new IllegalArgumentException("A call that failed cannot end with OK");
		}
		if (status.getCode() == Status.Code.UNKNOWN && status.getDescription() == null) {
			status = unknown(call);
		}
		return new Answer((status.getCause() != null) ? status : status.withCause(exception), trailers);
	}

	/** The status that says nothing, with a number to look for in the log. */
	static Status unknown(GrpcCall call) {
		return Status.UNKNOWN.withDescription("Application error processing RPC (call " + call.id() + ")");
	}

	/**
	 * Loaded only where a method returns a status of protobuf.
	 */
	private static final class Details {

		private Details() {
		}

		static StatusException of(Object returned) {
			return StatusProto.toStatusException((com.google.rpc.Status) returned);
		}

	}

}
