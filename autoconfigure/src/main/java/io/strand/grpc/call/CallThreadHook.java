package io.strand.grpc.call;

import java.util.List;

import org.jspecify.annotations.Nullable;

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
	 * One hook for several: they are told in their order, and of the end in the reverse.
	 * @param hooks the hooks
	 * @return the hook, or {@code null} for none
	 */
	static @Nullable CallThreadHook allOf(List<CallThreadHook> hooks) {
		List<CallThreadHook> all = List.copyOf(hooks);
		if (all.size() < 2) {
			return all.isEmpty() ? null : all.get(0);
		}
		return (call) -> new SeveralWorks(all.stream().map((hook) -> hook.of(call)).toList());
	}

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
