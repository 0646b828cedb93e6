package io.strand.grpc.thread;

/**
 * Work that comes in pieces and is done one piece at a time.
 */
public interface SerialTask {

	/**
	 * Does all that there is to do now.
	 * @return {@code true} if there will be nothing more to do, ever
	 */
	boolean runAvailable();

	/**
	 * Whether there is something to do. Sees all that was published before a call of
	 * {@link SerialThread#wake()}.
	 * @return whether there is
	 */
	boolean hasWork();

	/**
	 * There is no thread for the task, and never will be. Not called while the task runs.
	 */
	void rejected();

}
