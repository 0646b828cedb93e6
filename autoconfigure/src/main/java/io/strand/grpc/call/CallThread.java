package io.strand.grpc.call;

import java.util.function.Supplier;

import io.grpc.Context;
import io.strand.grpc.thread.InterruptFence;
import io.strand.grpc.thread.SerialTask;
import io.strand.grpc.thread.SerialThread;
import org.jspecify.annotations.Nullable;

/**
 * The thread of a call, once it has one: starts and wakes it, on its event loop together
 * with those of other calls, from anywhere else at once, and sets it up whenever it takes
 * up the work of the call. Thread-safe.
 *
 * <p>
 * Code of the application runs between {@link InterruptFence#enter()} and
 * {@link InterruptFence#leave()}, but for the news of the end.
 */
final class CallThread implements SerialTask {

	private final HandlerCall<?, ?> call;

	/** Where the transport runs, if it has an event loop. */
	private final @Nullable TransportLoop loop = TransportLoop.current();

	private final InterruptFence fence = new InterruptFence();

	/** Sets up the thread for this call, if there is anything to be set up. */
	private final @Nullable HookedWork hooked;

	private volatile @Nullable SerialThread thread;

	/** The thread while it works for the call. */
	private volatile @Nullable Thread working;

	/** Whether it has worked and has come to rest. */
	private volatile boolean idle;

	/** Delivers while blocking code runs in a callback; for methods of such code. */
	private volatile @Nullable Pump pump;

	/** The calls that came with this one; {@code null} once this one has left them. */
	private @Nullable CallBatch batch;

	CallThread(HandlerCall<?, ?> call) {
		this.call = call;
		this.hooked = HookedWork.of(call);
	}

	// From any thread

	@Nullable TransportLoop loop() {
		return this.loop;
	}

	void start() {
		SerialThread starting = this.call.plan().threads().newThread(this);
		this.thread = starting;
		TransportLoop on = this.loop;
		if (on == null) {
			starting.start();
		}
		else if (this.call.plan().onEventLoop()) {
			on.run(starting::start);
		}
		else if (on.isCurrentThread()) {
			this.batch = on.start(starting);
		}
		else {
			starting.start();
		}
	}

	/**
	 * Has the thread look for work, and the one that waits for a message inside a
	 * callback, if there are such.
	 */
	void wake() {
		wakeReceiver();
		SerialThread current = this.thread;
		if (current == null) {
			return;
		}
		TransportLoop on = this.loop;
		if (on == null) {
			current.wake();
		}
		else if (this.call.plan().onEventLoop()) {
			if (this.idle) {
				on.run(current::wake);
			}
		}
		else if (!on.isCurrentThread()) {
			current.wake();
		}
		else if (this.idle) {
			on.wake(current);
		}
	}

	/** Has the thread, which is at rest, look for work together with others. */
	void wakeSoon() {
		SerialThread current = this.thread;
		TransportLoop on = this.loop;
		if (current != null && on != null && on.isCurrentThread() && !this.call.plan().onEventLoop()) {
			on.wakeSoon(current);
		}
		else {
			wake();
		}
	}

	/** Wakes the thread that waits for a message inside a callback, if one does. */
	void wakeReceiver() {
		Pump delivering = this.pump;
		if (delivering == null) {
			return;
		}
		TransportLoop on = this.loop;
		if (on != null && on.isCurrentThread()) {
			delivering.wakeAfterRead(on);
		}
		else {
			delivering.wake();
		}
	}

	/**
	 * As {@link #wakeReceiver}, on an event loop that may not come to the end of its
	 * read.
	 */
	void wakeReceiverAtOnce() {
		Pump delivering = this.pump;
		if (delivering != null) {
			delivering.wake();
		}
	}

	/** The handler, which has just been started, will block in a callback. */
	void pump(Pump made) {
		this.pump = made;
	}

	@Nullable Pump pump() {
		return this.pump;
	}

	/** Interrupts the application's code, if some runs. */
	void interrupt() {
		this.fence.interrupt();
	}

	boolean isCurrent() {
		return this.working == Thread.currentThread();
	}

	@Nullable Thread working() {
		return this.working;
	}

	boolean isIdle() {
		return this.idle;
	}

	/** Does something for the call, on a thread that is set up for it. */
	<T extends @Nullable Object> T onBehalf(Supplier<T> task) {
		return (this.hooked == null || isCurrent()) ? task.get() : this.hooked.beside(task);
	}

	/** Sends an answer where the transport runs. */
	void answer(TransportLoop on, Runnable answer) {
		CallBatch current = isCurrent() ? this.batch : null;
		if (current != null) {
			this.batch = null;
			current.answer(answer);
		}
		else {
			on.run(answer);
		}
	}

	/** If this is the call's thread, it comes to rest inside a callback. */
	void leaveBatchBeforeWait() {
		if (isCurrent()) {
			leaveBatch();
		}
	}

	// On the call's thread

	@Override
	public boolean hasWork() {
		return this.call.handlerRun().hasWork();
	}

	@Override
	public boolean runAvailable() {
		HandlerRun<?, ?> run = this.call.handlerRun();
		if (!run.isStarted() && !this.call.begin()) {
			leaveBatch();
			return true;
		}
		if (this.idle) {
			goOn();
		}
		this.working = Thread.currentThread();
		Context previous = this.call.context().attach();
		if (this.hooked != null) {
			this.hooked.begin();
		}
		this.fence.enter();
		boolean over = false;
		try {
			over = run.runAvailable();
			return over;
		}
		finally {
			this.fence.leave();
			// A thread of the call's own is left as it is until the end
			if (this.hooked != null && (over || !this.call.plan().threads().isVirtual())) {
				this.hooked.end();
			}
			this.call.context().detach(previous);
			leaveBatch();
			this.call.rest();
			if (!over) {
				noteTime();
			}
			this.idle = true;
			this.working = null;
		}
	}

	private void goOn() {
		// If not, there is only the news of the end
		if (this.call.phase() == CallPhase.RUNNING) {
			noteTime();
		}
		this.idle = false;
	}

	/** A thread has parked, or will; an event loop never does. */
	private void noteTime() {
		if (!this.call.plan().onEventLoop()) {
			this.call.changed(System.nanoTime());
		}
	}

	/**
	 * The call ends: interrupts do not reach the thread any more, nor does one that has
	 * reached it reach the next call on it.
	 */
	void keepInterruptsAway() {
		this.fence.leave();
	}

	private void leaveBatch() {
		CallBatch current = this.batch;
		this.batch = null;
		if (current != null) {
			current.leave();
		}
	}

	@Override
	public void rejected() {
		leaveBatch();
		this.call.rejected();
	}

}
