package io.strand.grpc.call;

import io.strand.grpc.thread.SerialThread;
import org.jspecify.annotations.Nullable;

/**
 * The thread of a call, once it has one, and how to start and wake it: on its event loop
 * together with those of other calls, from anywhere else at once. Thread-safe.
 */
final class CallThread {

	private final MethodPlan plan;

	private final HandlerRun<?, ?> run;

	/** Where the transport runs, if it has an event loop. */
	private final @Nullable TransportLoop loop = TransportLoop.current();

	private volatile @Nullable SerialThread thread;

	CallThread(MethodPlan plan, HandlerRun<?, ?> run) {
		this.plan = plan;
		this.run = run;
	}

	@Nullable TransportLoop loop() {
		return this.loop;
	}

	void start() {
		SerialThread starting = this.plan.threads().newThread(this.run);
		this.thread = starting;
		TransportLoop on = this.loop;
		if (on == null) {
			starting.start();
		}
		else if (this.plan.onEventLoop()) {
			on.run(starting::start);
		}
		else if (on.isCurrentThread()) {
			this.run.batch(on.start(starting));
		}
		else {
			starting.start();
		}
	}

	/** Has the thread look for work, if there is a thread. */
	void wake() {
		SerialThread current = this.thread;
		if (current == null) {
			return;
		}
		TransportLoop on = this.loop;
		if (on == null) {
			current.wake();
		}
		else if (this.plan.onEventLoop()) {
			if (this.run.isIdle()) {
				on.run(current::wake);
			}
		}
		else if (!on.isCurrentThread()) {
			current.wake();
		}
		else if (this.run.isIdle()) {
			on.wake(current);
		}
	}

	/** Has the thread, which is at rest, look for work together with others. */
	void wakeSoon() {
		SerialThread current = this.thread;
		TransportLoop on = this.loop;
		if (current != null && on != null && on.isCurrentThread() && !this.plan.onEventLoop()) {
			on.wakeSoon(current);
		}
		else {
			wake();
		}
	}

	/** Wakes the thread that waits for a message inside a callback, if one does. */
	void wake(@Nullable Pump pump) {
		if (pump == null) {
			return;
		}
		TransportLoop on = this.loop;
		if (on != null && on.isCurrentThread()) {
			pump.wakeAfterRead(on);
		}
		else {
			pump.wake();
		}
	}

	/** Sends an answer where the transport runs. */
	void answer(TransportLoop on, Runnable answer) {
		TransportLoop.Batch batch = this.run.leaveBatchIfCurrentThread();
		if (batch != null) {
			batch.answer(answer);
		}
		else {
			on.run(answer);
		}
	}

}
