package io.strand.grpc.call;

/**
 * Told when a thread takes up and lays down the work of a call, to set up and restore
 * what belongs to the thread. Called by the threads of all calls.
 */
@FunctionalInterface
public interface CallThreadHook {

	/**
	 * Called once for each call, before its first piece of work.
	 * @param call the call
	 * @return what is told of each piece
	 */
	Work of(LiveCall call);

	/**
	 * What is done around each piece of the work of one call, such as all callbacks that
	 * are due; around all of it, if the call has a thread of its own. Must not throw. One
	 * thread at a time.
	 */
	interface Work {

		/**
		 * The current thread takes up the work.
		 */
		void begin();

		/**
		 * The same thread lays it down. What it had before must be there again, since the
		 * next call may run on it.
		 */
		void end();

	}

}
