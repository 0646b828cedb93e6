package io.strand.grpc.call;

import java.util.List;
import java.util.function.Supplier;

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
	 * Called for a thread that works for a call beside the call's own, such as one that
	 * receives meanwhile. As for a call of its own, unless a hook says otherwise.
	 * @param call the call
	 * @param own what {@link #of} has returned for the call
	 * @return what is told of the work of the other thread
	 */
	default Work beside(LiveCall call, Work own) {
		return of(call);
	}

	/**
	 * Does something on behalf of a call, on a thread that is set up for it meanwhile as
	 * the call's own is, unless it is that one.
	 * @param <T> the type of the result
	 * @param call the call
	 * @param task what to do
	 * @return what the task returns
	 */
	static <T extends @Nullable Object> T onBehalfOf(GrpcCall call, Supplier<T> task) {
		return (call instanceof ServedCall served) ? served.onBehalf(task) : task.get();
	}

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
		return new SeveralHooks(all);
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
