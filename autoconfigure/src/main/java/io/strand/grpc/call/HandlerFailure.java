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
		if (isStatus(thrown)) {
			return new HandlerFailure(Status.fromThrowable(thrown), copy(Status.trailersFromThrowable(thrown)));
		}
		return new HandlerFailure(
				Status.UNKNOWN.withDescription("Application error processing RPC (call " + callId + ")")
					.withCause(thrown),
				new Metadata());
	}

	/** OK is not: nothing that is thrown can end a call well. */
	private static boolean isStatus(Throwable thrown) {
		return (thrown instanceof StatusRuntimeException || thrown instanceof StatusException)
				&& !Status.fromThrowable(thrown).isOk();
	}

	/** The transport writes to what it is given; an exception may be thrown by many. */
	private static Metadata copy(@Nullable Metadata trailers) {
		Metadata copy = new Metadata();
		if (trailers != null) {
			copy.merge(trailers);
		}
		return copy;
	}

	/**
	 * Logs the exception: as an error what the application did not foresee, as debug what
	 * it threw as a status or because its call was cancelled.
	 * @param thrown the exception
	 * @param call the call
	 * @param cancelled whether the call had been cancelled
	 */
	static void log(Throwable thrown, HandlerCall<?, ?> call, boolean cancelled) {
		try {
			if (cancelled && !(thrown instanceof Error)) {
				if (logger.isDebugEnabled()) {
					logger.debug("The handler of %s was cancelled".formatted(call.describe()),
							LoggedFailure.of(thrown));
				}
			}
			else if (isStatus(thrown)) {
				if (logger.isDebugEnabled()) {
					logger.debug("The handler of %s threw a status".formatted(call.describe()),
							LoggedFailure.of(thrown));
				}
			}
			else {
				logger.error("The handler of %s from %s failed".formatted(call.describe(), LogText.peer(call.peer())),
						LoggedFailure.of(thrown));
			}
		}
		catch (OutOfMemoryError ex) {
			// There is no memory to say that there is no memory; the client is still told
		}
	}

}
