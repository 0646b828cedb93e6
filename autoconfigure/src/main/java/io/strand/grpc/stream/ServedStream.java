package io.strand.grpc.stream;

import io.grpc.Metadata;
import io.strand.grpc.call.GrpcCall;

/**
 * What the streams of a handler tell of their call, with the names that {@link GrpcCall}
 * has. Safe from any number of threads, but for metadata, of which gRPC says that it is
 * not: change it from one thread at a time.
 */
public interface ServedStream {

	/**
	 * The call of this stream.
	 * @return the call
	 */
	GrpcCall call();

	/**
	 * Whether the client, the deadline, the connection or the server has cancelled the
	 * call.
	 * @return whether nobody sends or waits any more
	 */
	default boolean isCancelled() {
		return call().isCancelled();
	}

	/**
	 * Whether the server is stopping and lets calls in flight finish.
	 * @return whether this stream should come to its end
	 */
	default boolean isDraining() {
		return call().isDraining();
	}

	/**
	 * Runs a task when the server begins to stop, at once if it already does. It runs on
	 * a thread of the server's and must not block.
	 * @param task what to do, such as to set a flag that a loop looks at
	 */
	default void onDrain(Runnable task) {
		call().onDrain(task);
	}

	/**
	 * What the client sent along with the call.
	 * @return the request headers
	 */
	default Metadata headers() {
		return call().headers();
	}

	/**
	 * Headers to send along with the first response; what is put in later is lost, and so
	 * is all of it in a call that ends without a response.
	 * @return the response headers, to be filled
	 */
	default Metadata responseHeaders() {
		return call().responseHeaders();
	}

	/**
	 * Trailers to send along with the status of the call, whatever it will be.
	 * @return the trailers, to be filled
	 */
	default Metadata responseTrailers() {
		return call().responseTrailers();
	}

}
