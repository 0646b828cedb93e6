package io.strand.grpc.stream;

/**
 * The responses of a call whose server sends a stream. Safe from any number of threads,
 * as the setting {@code concurrent-send} says. The stream ends with OK when the method
 * that was given it returns, and with the exception's status when it throws.
 *
 * @param <R> the type of the responses
 */
public interface ServerStream<R> extends ServedStream {

	/**
	 * Sends a response. Blocks while another thread sends and while the client does not
	 * read.
	 * @param message the response
	 * @throws io.grpc.StatusRuntimeException if the call is cancelled (CANCELLED), its
	 * deadline has passed (DEADLINE_EXCEEDED), or the thread is interrupted (CANCELLED;
	 * its interrupt status stays set): the message was not sent
	 * @throws IllegalStateException if the stream has ended
	 */
	void send(R message);

}
