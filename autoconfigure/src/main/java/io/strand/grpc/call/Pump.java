package io.strand.grpc.call;

import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BooleanSupplier;

import io.grpc.Context;
import io.grpc.ServerCall;
import io.grpc.Status;
import io.strand.grpc.thread.SerialThread;
import org.jspecify.annotations.Nullable;

/**
 * Delivers the events of one call while blocking code, its body, runs inside one of the
 * call's callbacks: the receiver that finds nothing to take delivers the next event
 * itself, through all interceptors, nested in the callback that the body runs in or on a
 * thread that the body has started.
 *
 * <p>
 * <b>Ownership.</b> Before and after the body, the call's thread alone delivers. While
 * the body runs, it does not, and the one receiver does (receivers are let through one at
 * a time). The lock {@link #delivery} is for the moment in between: a receiver delivers
 * with the lock in hand, and the body's end takes it after setting {@link #over}, so the
 * call's thread never goes on while a callback still runs elsewhere.
 *
 * <p>
 * <b>No wake-up is lost</b>: the receiver sets {@link #waiter} and looks for events after
 * that; whoever has an event publishes it and looks at {@code waiter} after that. Both
 * are volatile. It is a {@link SerialThread} so that the event loop can wake it together
 * with the threads of other calls.
 */
final class Pump implements SerialThread {

	private final HandlerCall<?, ?> call;

	private final ReentrantLock delivery = new ReentrantLock();

	private volatile @Nullable Thread waiter;

	/** Published by {@link #waiter}. */
	private long waitingSince;

	/** The event loop will wake the waiter after what is being read. */
	private volatile boolean wakeScheduled;

	private volatile boolean over;

	/** The handler's, in which the body runs. */
	private volatile ServerCall.@Nullable Listener<?> innermost;

	/** What a callback threw to a receiver: the stream cannot go on after that. */
	private volatile @Nullable Throwable failure;

	Pump(HandlerCall<?, ?> call) {
		this.call = call;
	}

	/**
	 * The handler was started.
	 * @param listener gets what interceptors let through
	 */
	void innermost(ServerCall.Listener<?> listener) {
		this.innermost = listener;
	}

	/**
	 * Whether this is the call's thread. If not, has that one call the handler back, in
	 * the current context and past the interceptors, who have had their turn.
	 * @param start starts the body, for handlers that are not guarded
	 */
	boolean isCallThread(Runnable start) {
		if (this.call.thread().isCurrent()) {
			return true;
		}
		ServerCall.Listener<?> listener = this.innermost;
		this.call.handlerRun().next(Context.current().wrap((listener != null) ? listener::onReady : start));
		return false;
	}

	/** Runs the body, on the call's thread. */
	void run(Runnable body) {
		try {
			body.run();
		}
		finally {
			this.over = true;
			wake();
			this.delivery.lock();
			this.delivery.unlock();
		}
	}

	boolean isOver() {
		return this.over;
	}

	/** Tells a receiver of the callback that failed, if one did. */
	void refuseIfFailed() {
		Throwable failed = this.failure;
		if (failed instanceof RuntimeException exception) {
			throw exception;
		}
		if (failed instanceof Error error) {
			throw error;
		}
		if (failed != null) {
			// Checked, as some languages let callbacks throw
			throw Status.UNKNOWN.withCause(failed)
				.withDescription("A callback failed; nothing more can be received on " + this.call.describe())
				.asRuntimeException();
		}
	}

	/**
	 * Delivers the next event, if there is one. By one receiver at a time.
	 * @return whether there was one
	 */
	boolean deliver() {
		this.delivery.lock();
		try {
			return !this.over && deliverInContext();
		}
		catch (Throwable ex) {
			this.failure = ex;
			throw ex;
		}
		finally {
			this.delivery.unlock();
		}
	}

	private boolean deliverInContext() {
		Context previous = this.call.context().attach();
		try {
			return this.call.handlerRun().deliver();
		}
		finally {
			this.call.context().detach(previous);
		}
	}

	/**
	 * Waits for an event of the call, or for nothing: the caller looks again.
	 * @param hasNews whether the caller need not wait
	 * @param nanos how long at most; {@link Long#MAX_VALUE} for ever
	 */
	void await(BooleanSupplier hasNews, long nanos) {
		this.call.thread().leaveBatchBeforeWait();
		this.waitingSince = System.nanoTime();
		this.waiter = Thread.currentThread();
		try {
			if (!this.over && !this.call.handlerRun().hasWork() && !hasNews.getAsBoolean()) {
				if (nanos == Long.MAX_VALUE) {
					LockSupport.park(this); // costs a virtual thread no timer
				}
				else {
					LockSupport.parkNanos(this, nanos);
				}
				this.call.changed(System.nanoTime());
			}
		}
		finally {
			this.waiter = null;
		}
	}

	/**
	 * Wakes the receiver, if one waits, after what the event loop reads. On that loop.
	 */
	void wakeAfterRead(TransportLoop loop) {
		if (this.waiter != null && !this.wakeScheduled) {
			this.wakeScheduled = true;
			loop.wake(this);
		}
	}

	boolean isWaiting() {
		return this.waiter != null;
	}

	/** Since when, if it is waiting. */
	long waitingSince() {
		return this.waitingSince;
	}

	@Override
	public void start() {
		throw new IllegalStateException("A receiver runs already");
	}

	@Override
	public boolean isVirtual() {
		return this.call.plan().threads().isVirtual();
	}

	@Override
	public void wake() {
		// First: who finds it set has published an event before this looks for a waiter
		this.wakeScheduled = false;
		Thread thread = this.waiter;
		if (thread != null) {
			LockSupport.unpark(thread);
		}
	}

}
