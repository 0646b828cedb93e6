package io.strand.grpc.service.advice;

import io.grpc.StatusException;
import io.strand.grpc.call.GrpcCall;
import org.jspecify.annotations.Nullable;

/**
 * Says what clients are told of the exceptions that no {@link GrpcExceptionHandler} is
 * for. A bean of this type replaces Strand's own mapping of common exceptions. Called by
 * many calls at the same time.
 */
@FunctionalInterface
public interface GrpcExceptionMapper {

	/**
	 * Maps an exception.
	 * @param exception what a handler threw, or gave to {@code onError}
	 * @param call the call
	 * @return the status, and trailers if there are any, or {@code null} if the client is
	 * to be told nothing but UNKNOWN
	 */
	@Nullable StatusException map(Throwable exception, GrpcCall call);

}
