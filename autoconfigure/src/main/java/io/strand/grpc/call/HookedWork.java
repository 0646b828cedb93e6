package io.strand.grpc.call;

import java.util.function.Supplier;

import org.jspecify.annotations.Nullable;

/**
 * Tells a hook of the work of one call: of that of the call's own thread by
 * {@link #begin()} and {@link #end()}, one thread at a time, and of that of any other by
 * {@link #beside}, which is safe from any thread. What a hook throws is logged and harms
 * nothing else.
 */
final class HookedWork {

	private final HandlerCall<?, ?> call;

	private final CallThreadHook hook;

	private volatile CallThreadHook.@Nullable Work own;

	/** Whether the call's thread is set up. Confined to it. */
	private boolean working;

	private HookedWork(HandlerCall<?, ?> call, CallThreadHook hook) {
		this.call = call;
		this.hook = hook;
	}

	/**
	 * Makes one for a call.
	 * @return the work, or {@code null} if there is no hook to be told
	 */
	static @Nullable HookedWork of(HandlerCall<?, ?> call) {
		CallThreadHook hook = call.engine().hook();
		return (hook != null) ? new HookedWork(call, hook) : null;
	}

	void begin() {
		if (this.working) {
			return;
		}
		try {
			CallThreadHook.Work begun = this.own;
			if (begun == null) {
				begun = this.hook.of(new CallView(this.call));
				this.own = begun;
			}
			begun.begin();
			this.working = true;
		}
		catch (Throwable ex) {
			HandlerFailure.log(ex, this.call, false);
		}
	}

	void end() {
		CallThreadHook.Work begun = this.own;
		if (begun == null || !this.working) {
			return;
		}
		this.working = false;
		end(begun);
	}

	private void end(CallThreadHook.Work begun) {
		try {
			begun.end();
		}
		catch (Throwable ex) {
			HandlerFailure.log(ex, this.call, false);
		}
	}

	/**
	 * Does something on a thread that is not the call's own.
	 */
	<T extends @Nullable Object> T beside(Supplier<T> task) {
		CallThreadHook.Work begun = beginBeside();
		try {
			return task.get();
		}
		finally {
			if (begun != null) {
				end(begun);
			}
		}
	}

	private CallThreadHook.@Nullable Work beginBeside() {
		try {
			CallThreadHook.Work known = this.own;
			CallThreadHook.Work begun = (known != null) ? this.hook.beside(new CallView(this.call), known) : null;
			if (begun != null) {
				begun.begin();
			}
			return begun;
		}
		catch (Throwable ex) {
			HandlerFailure.log(ex, this.call, false);
			return null;
		}
	}

}
