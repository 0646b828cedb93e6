package io.strand.grpc.thread;

/**
 * Runs a {@link SerialTask} whenever there is something to do, never twice at the same
 * time. Made by {@link CallThreads}.
 */
public interface SerialThread {

	/**
	 * Begins: the task runs as soon as there is a thread, or is told that there is none.
	 * Called once.
	 */
	void start();

	/**
	 * Says that there is work, which was published before. Any thread may call this; it
	 * does not block. Without effect before {@link #start()} and after the task's end.
	 */
	void wake();

	/**
	 * Whether the task runs on a virtual thread.
	 * @return {@code false} for a platform thread
	 */
	boolean isVirtual();

}
