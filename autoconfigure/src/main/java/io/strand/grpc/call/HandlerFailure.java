package io.strand.grpc.call;

import io.grpc.Metadata;
import io.grpc.Status;
import io.grpc.StatusException;
import io.grpc.StatusRuntimeException;
import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.jspecify.annotations.Nullable;

/**
 * What the client is told of an exception that left a handler: the status of a
 * {@link StatusException} or {@link StatusRuntimeException} with its trailers, else
 * UNKNOWN (as gRPC's guide to status codes says) with a constant text, since the text of
 * the exception may say more than a client should know. The exception is logged once.
 *
 * @param status what the client is told
 * @param trailers sent with the status
 */
record HandlerFailure(Status status, Metadata trailers) {

	private static final Log logger = LogFactory.getLog("io.strand.grpc.call.HandlerFailure");

	static HandlerFailure of(Throwable thrown, long callId) {
		if (thrown instanceof StatusRuntimeException exception) {
			return new HandlerFailure(exception.getStatus(), orEmpty(exception.getTrailers()));
		}
		if (thrown instanceof StatusException exception) {
			return new HandlerFailure(exception.getStatus(), orEmpty(exception.getTrailers()));
		}
		return new HandlerFailure(
				Status.UNKNOWN.withDescription("Application error processing RPC (call " + callId + ")")
					.withCause(thrown),
				new Metadata());
	}

	private static Metadata orEmpty(@Nullable Metadata trailers) {
		return (trailers != null) ? trailers : new Metadata();
	}

	/**
	 * Logs the exception: as an error what the application did not foresee, as debug what
	 * it threw as a status or after its call had ended.
	 * @param thrown the exception
	 * @param call the call in words
	 * @param ended whether the call had been cancelled or closed
	 */
	static void log(Throwable thrown, String call, boolean ended) {
		try {
			if (ended && !(thrown instanceof Error)) {
				logger.debug("%s ended before its handler threw".formatted(call), thrown);
			}
			else if (thrown instanceof StatusException || thrown instanceof StatusRuntimeException) {
				logger.debug("The handler of %s threw a status".formatted(call), thrown);
			}
			else {
				logger.error("The handler of %s failed".formatted(call), thrown);
			}
		}
		catch (OutOfMemoryError ex) {
			// There is no memory to say that there is no memory; the client is still told
		}
	}

}
