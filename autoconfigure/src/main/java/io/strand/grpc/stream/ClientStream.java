package io.strand.grpc.stream;

import java.time.Duration;
import java.util.Iterator;
import java.util.concurrent.TimeoutException;
import java.util.stream.Stream;

import org.jspecify.annotations.Nullable;

/**
 * The requests of a call whose client sends a stream. Safe from any number of threads:
 * each message goes to exactly one receiver, or, where the setting
 * {@code concurrent-send} is {@code fail}, the second receiver gets a
 * {@link io.strand.grpc.call.ConcurrentStreamUseException} and the first goes on.
 *
 * <p>
 * Valid until the method that was given it returns. Whoever still receives then gets
 * CANCELLED; requests that nobody has taken are dropped.
 *
 * <p>
 * The receiving thread itself runs the interceptors' callbacks for the message that it
 * waits for. What interceptors <em>clear</em> after a callback instead of restoring it,
 * such as a {@code ThreadLocal} or an MDC entry, is gone from the receiving thread after
 * {@code receive()}, too: an interceptor should put back what it found.
 *
 * @param <Q> the type of the requests
 */
public interface ClientStream<Q> extends ServedStream, Iterable<Q> {

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
	 * Receives in a thread of its own, so that the current one is free to send: virtual
	 * where the JVM has such threads, with the current {@link io.grpc.Context}.
	 *
	 * <p>
	 * That thread ends with the call: when the method that was given this stream returns
	 * before the last request, it is interrupted and waited for. An exception of the
	 * consumer interrupts that method and ends the call as if the method had thrown it.
	 * @param consumer is given each request, one at a time
	 * @return what to wait for
	 */
	Receiving receiveEach(Consumer<? super Q> consumer);

	/**
	 * Gets requests.
	 *
	 * @param <Q> the type of the requests
	 */
	@FunctionalInterface
	interface Consumer<Q> {

		/**
		 * Consumes a request.
		 * @param request the request
		 * @throws Exception to end the call
		 */
		void accept(Q request) throws Exception;

	}

}
