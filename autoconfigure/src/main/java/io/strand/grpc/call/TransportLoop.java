package io.strand.grpc.call;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.TimeUnit;

import io.grpc.netty.shaded.io.netty.util.concurrent.EventExecutor;
import io.grpc.netty.shaded.io.netty.util.concurrent.FastThreadLocal;
import io.grpc.netty.shaded.io.netty.util.internal.ThreadExecutorMap;
import io.strand.grpc.thread.SerialThread;
import org.jspecify.annotations.Nullable;

/**
 * The event loop of a connection: starts the threads of the calls it reads, and sends
 * their answers, in batches. Confined to its thread.
 *
 * <p>
 * A read from a busy connection brings many calls. Started one by one, each may wake a
 * carrier thread that goes back to sleep before the next one comes; answered one by one,
 * each may wake the event loop and cost a write to the socket. Waking and writing cost
 * more than all the rest of a small call. So the calls of one read are started together,
 * after the read, and their answers wait for each other, but not for long: the last of
 * the batch that has answered or has nothing more to do for now sends them all, or else a
 * timer does after {@value #LINGER_MICROS} microseconds, since a handler that blocks must
 * not hold up the others. A call that comes alone waits for nothing: where the last read
 * brought work for one, the first of the next does not wait for the read to end. Nor does
 * a read end soon that brings calls by the hundred: they start whenever
 * {@value CallBatch#FULL} have come, so that the other cores do not stand still until the
 * last is read.
 */
final class TransportLoop implements Runnable {

	static final long LINGER_MICROS = 100;

	static final long SOON_MILLIS = 10;

	private static final FastThreadLocal<@Nullable TransportLoop> loops = new FastThreadLocal<>();

	private final EventExecutor executor;

	/** The calls of the read that goes on. */
	private CallBatch reading;

	/** Whether the last read brought work for one thread. */
	private boolean lastWasAlone;

	/** Whether the first of this read did not wait. */
	private boolean firstHasGone;

	/** Batches that may have to be closed by the timer, oldest first. */
	private final Deque<CallBatch> open = new ArrayDeque<>();

	/** Threads to be woken with others. */
	private final List<SerialThread> soon = new ArrayList<>();

	private boolean soonScheduled;

	TransportLoop(EventExecutor executor) {
		this.executor = executor;
		this.reading = new CallBatch(executor);
	}

	/**
	 * The event loop that the current thread is.
	 * @return the loop, or {@code null} where the transport has none, as in-process
	 */
	static @Nullable TransportLoop current() {
		EventExecutor executor = ThreadExecutorMap.currentExecutor();
		if (executor == null) {
			return null;
		}
		TransportLoop loop = loops.get();
		if (loop == null) {
			loop = new TransportLoop(executor);
			loops.set(loop);
		}
		return loop;
	}

	boolean isCurrentThread() {
		return this.executor.inEventLoop();
	}

	/** Runs a task on the loop: at once if the current thread is it. From any thread. */
	void run(Runnable task) {
		if (isCurrentThread()) {
			task.run();
		}
		else {
			this.executor.execute(task);
		}
	}

	/**
	 * Starts a thread after what is being read, at once if it seems to come alone.
	 * @param thread the thread
	 * @return the batch that its answer goes to, or {@code null} if it waits for none
	 */
	@Nullable CallBatch start(SerialThread thread) {
		if (goesFirst()) {
			thread.start();
			return null;
		}
		if (this.reading.calls() == CallBatch.FULL) {
			// Not as soon as it is full: its last call has to know its batch first
			run();
		}
		schedule();
		this.reading.addStart(thread);
		return this.reading;
	}

	/** Wakes a thread after what is being read, at once if it seems to come alone. */
	void wake(SerialThread thread) {
		if (goesFirst()) {
			thread.wake();
			return;
		}
		schedule();
		this.reading.addWake(thread);
	}

	/**
	 * Wakes a thread that is in no hurry: with the next ones, or in {@value #SOON_MILLIS}
	 * milliseconds. Sooner would cost a call that comes alone as much as the rest of it:
	 * each wakes a carrier thread. An event loop that ends drops what is scheduled, so
	 * then it does not wait.
	 */
	void wakeSoon(SerialThread thread) {
		if (this.executor.isShuttingDown()) {
			thread.wake();
			return;
		}
		this.soon.add(thread);
		if (!this.soonScheduled) {
			this.soonScheduled = true;
			var unused = this.executor.schedule(this::wakeThoseInNoHurry, SOON_MILLIS, TimeUnit.MILLISECONDS)
				.addListener((timer) -> {
					if (timer.isCancelled()) {
						this.soon.forEach(SerialThread::wake);
						this.soon.clear();
					}
				});
		}
	}

	private void wakeThoseInNoHurry() {
		this.soonScheduled = false;
		takeThoseInNoHurry();
	}

	private void takeThoseInNoHurry() {
		this.soon.forEach(this::wake);
		this.soon.clear();
	}

	private boolean goesFirst() {
		if (!this.lastWasAlone || this.firstHasGone || !this.reading.isEmpty()) {
			return false;
		}
		this.firstHasGone = true;
		this.executor.execute(this);
		return true;
	}

	private void schedule() {
		if (this.reading.isEmpty() && !this.firstHasGone) {
			this.executor.execute(this);
		}
	}

	/** Starts the threads of what was read. */
	@Override
	public void run() {
		CallBatch batch = this.reading;
		if (batch.isEmpty() && !this.firstHasGone) {
			return; // started already, being full
		}
		this.lastWasAlone = batch.size() + (this.firstHasGone ? 1 : 0) == 1;
		this.firstHasGone = false;
		if (batch.isEmpty()) {
			return;
		}
		if (batch.calls() > 1) {
			takeThoseInNoHurry();
		}
		this.reading = new CallBatch(this.executor);
		if (batch.calls() > 1) {
			batch.lingerUntil(System.nanoTime() + TimeUnit.MICROSECONDS.toNanos(LINGER_MICROS));
			if (this.open.isEmpty()) {
				scheduleSweep();
			}
			this.open.add(batch);
		}
		batch.begin();
	}

	private void scheduleSweep() {
		var unused = this.executor.schedule(this::sweep, LINGER_MICROS, TimeUnit.MICROSECONDS);
	}

	private void sweep() {
		long now = System.nanoTime();
		CallBatch oldest = this.open.peek();
		while (oldest != null && oldest.isOver(now)) {
			this.open.poll();
			oldest.close();
			oldest = this.open.peek();
		}
		if (oldest != null) {
			scheduleSweep();
		}
	}

}
