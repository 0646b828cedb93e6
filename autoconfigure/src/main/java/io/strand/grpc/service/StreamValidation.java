package io.strand.grpc.service;

import io.grpc.ServerCallHandler;
import org.jspecify.annotations.Nullable;

/**
 * Validates the messages of the streams that methods of a {@link GrpcService} receive, by
 * the constraints that the methods declare. Must be safe from any number of threads.
 */
public interface StreamValidation {

	/** Where nothing validates. */
	StreamValidation NONE = (stream, handler) -> null;

	/**
	 * Has each message of a stream validated before the method receives it, if there are
	 * constraints. Asked once, when the application starts.
	 * @param stream the parameter that takes the stream, of a class that is to be
	 * validated
	 * @param handler calls the method
	 * @return the handler that validates, or the same without constraints; {@code null}
	 * if there is nothing that validates
	 * @throws IllegalArgumentException if constraints cannot be applied; its message says
	 * why
	 */
	@Nullable ServerCallHandler<Object, Object> validate(StreamParameter stream, ServerCallHandler<Object, Object> handler);

}
