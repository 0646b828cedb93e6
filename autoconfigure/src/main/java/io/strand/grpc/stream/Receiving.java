package io.strand.grpc.stream;

/**
 * A thread that receives on behalf of a stream, made by {@link ClientStream#receiveEach}.
 * Safe from any thread.
 */
public interface Receiving {

	/**
	 * Waits until the last request has been consumed. Throws what the consumer threw, if
	 * it did.
	 * @throws InterruptedException if the current thread is interrupted, as it is when
	 * the call is cancelled or the consumer throws
	 */
	void join() throws InterruptedException;

	/**
	 * Whether it still receives.
	 * @return {@code false} after the last request, or when it failed
	 */
	boolean isActive();

}
