package io.strand.grpc.stream;

import java.time.Duration;
import java.util.Iterator;
import java.util.concurrent.TimeoutException;
import java.util.stream.Stream;

import io.strand.grpc.call.GrpcCall;
import org.jspecify.annotations.Nullable;

/**
 * The requests of a call whose client sends a stream. Safe from any number of threads:
 * each message goes to exactly one receiver.
 *
 * @param <Q> the type of the requests
 */
public interface ClientStream<Q> extends Iterable<Q> {

	/**
	 * Waits for the next request.
	 * @return the request, or {@code null} when the client has sent its last
	 * @throws io.grpc.StatusRuntimeException if the call is cancelled (CANCELLED), its
	 * deadline has passed (DEADLINE_EXCEEDED), or the thread is interrupted (CANCELLED;
	 * its interrupt status stays set)
	 */
	@Nullable Q receive();

	/**
	 * Waits for the next request, but not for ever.
	 * @param timeout how long; zero or less to look only
	 * @return the request, or {@code null} when the client has sent its last
	 * @throws TimeoutException if none came in time; the stream goes on
	 * @throws io.grpc.StatusRuntimeException as {@link #receive()}
	 */
	@Nullable Q receive(Duration timeout) throws TimeoutException;

	/**
	 * The requests that are still to come, as {@link #receive()} gives them.
	 * @return an iterator that waits
	 */
	@Override
	Iterator<Q> iterator();

	/**
	 * The requests that are still to come, as {@link #receive()} gives them.
	 * @return a sequential stream that waits
	 */
	Stream<Q> stream();

	/**
	 * The call of this stream: metadata, deadline, cancellation.
	 * @return the call
	 */
	GrpcCall call();

}
