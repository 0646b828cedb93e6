package io.strand.grpc.call;

/**
 * Two threads used one end of a stream at the same time, where the application asked to
 * be told. Thrown to the second one; the stream is unharmed and the first thread goes on.
 * The stack of the first thread, as it was at that moment, is attached as a suppressed
 * exception.
 */
public class ConcurrentStreamUseException extends IllegalStateException {

	ConcurrentStreamUseException(String message) {
		super(message);
	}

}
