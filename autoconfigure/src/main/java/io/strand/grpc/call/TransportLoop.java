package io.strand.grpc.call;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

import io.grpc.netty.shaded.io.netty.util.concurrent.EventExecutor;
import io.grpc.netty.shaded.io.netty.util.concurrent.FastThreadLocal;
import io.grpc.netty.shaded.io.netty.util.internal.ThreadExecutorMap;
import io.strand.grpc.thread.CallThreads;
import io.strand.grpc.thread.SerialThread;
import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.jspecify.annotations.Nullable;

/**
 * The event loop of a connection: starts the threads of the calls it reads, and sends
 * their answers, in batches. Confined to its thread, but for {@link Batch#answer} and
 * {@link Batch#leave}.
 *
 * <p>
 * A read from a busy connection brings many calls. Started one by one, each may wake a
 * carrier thread that goes back to sleep before the next one comes; answered one by one,
 * each may wake the event loop and cost a write to the socket. Waking and writing cost
 * more than all the rest of a small call. So the calls of one read are started together,
 * after the read, and their answers wait for each other, but not for long: the last of
 * the batch that has answered or has nothing more to do for now sends them all, or else a
 * timer does after {@value #LINGER_MICROS} microseconds, since a handler that blocks must
 * not hold up the others. A call that comes alone waits for nothing. Nor does a read end
 * soon that brings calls by the hundred: they start whenever {@value #FULL_BATCH} have
 * come, so that the other cores do not stand still until the last is read.
 */
final class TransportLoop implements Runnable {

	static final long LINGER_MICROS = 100;

	static final long SOON_MILLIS = 10;

	/** More calls than this are not kept waiting for the rest of what is read. */
	static final int FULL_BATCH = 256;

	private static final Log logger = LogFactory.getLog(TransportLoop.class);

	private static final FastThreadLocal<@Nullable TransportLoop> loops = new FastThreadLocal<>();

	private static final @Nullable ThreadFactory STARTERS = CallThreads.areVirtualAvailable()
			? CallThreads.virtualFactory("grpc-call-starter") : null;

	private final EventExecutor executor;

	/** The calls of the read that goes on. */
	private Batch reading = new Batch();

	/** Batches that may have to be closed by the timer, oldest first. */
	private final Deque<Batch> open = new ArrayDeque<>();

	/** Threads to be woken with others. */
	private final List<SerialThread> soon = new ArrayList<>();

	private boolean soonScheduled;

	private TransportLoop(EventExecutor executor) {
		this.executor = executor;
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
			execute(task);
		}
	}

	private void execute(Runnable task) {
		this.executor.execute(task);
	}

	/**
	 * Starts a thread after what is being read.
	 * @param thread the thread
	 * @return the batch that its answer goes to
	 */
	Batch start(SerialThread thread) {
		if (this.reading.threads.size() == FULL_BATCH) {
			// Not as soon as it is full: its last call has to know its batch first
			run();
		}
		Batch batch = this.reading;
		schedule(batch);
		batch.threads.add(thread);
		batch.count(thread);
		return batch;
	}

	/** Wakes a thread after what is being read. */
	void wake(SerialThread thread) {
		schedule(this.reading);
		this.reading.woken.add(thread);
		this.reading.count(thread);
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

	private void schedule(Batch batch) {
		if (batch.threads.isEmpty() && batch.woken.isEmpty()) {
			this.executor.execute(this);
		}
	}

	/** Starts the threads of what was read. */
	@Override
	public void run() {
		Batch batch = this.reading;
		if (batch.threads.isEmpty() && batch.woken.isEmpty()) {
			return; // started already, being full
		}
		if (batch.threads.size() > 1) {
			takeThoseInNoHurry();
		}
		this.reading = new Batch();
		List<SerialThread> threads = batch.threads;
		batch.busy.set(threads.size());
		if (threads.size() > 1) {
			batch.deadline = System.nanoTime() + TimeUnit.MICROSECONDS.toNanos(LINGER_MICROS);
			if (this.open.isEmpty()) {
				scheduleSweep();
			}
			this.open.add(batch);
		}
		if (batch.platform > 0) {
			batch.start(false);
		}
		// One thread more for the rest to start is worth it only while they are few
		if (batch.virtual > 1 && batch.threads.size() < FULL_BATCH && STARTERS != null) {
			STARTERS.newThread(() -> batch.start(true)).start();
		}
		else if (batch.virtual > 0) {
			batch.start(true);
		}
	}

	/** One answer that cannot be sent must not hold up the others. */
	private static void send(Runnable answer) {
		try {
			answer.run();
		}
		catch (Throwable ex) {
			logger.error("An answer could not be sent", LoggedFailure.of(ex));
		}
	}

	private void scheduleSweep() {
		var unused = this.executor.schedule(this::sweep, LINGER_MICROS, TimeUnit.MICROSECONDS);
	}

	private void sweep() {
		long now = System.nanoTime();
		Batch oldest = this.open.peek();
		while (oldest != null && (oldest.busy.get() == 0 || oldest.deadline - now <= 0)) {
			this.open.poll();
			oldest.closed = true;
			oldest.run();
			oldest = this.open.peek();
		}
		if (oldest != null) {
			scheduleSweep();
		}
	}

	/**
	 * Calls that were read together.
	 */
	final class Batch implements Runnable {

		private final List<SerialThread> threads = new ArrayList<>();

		private final List<SerialThread> woken = new ArrayList<>();

		private int virtual;

		private int platform;

		private final Queue<Runnable> answers = new ConcurrentLinkedQueue<>();

		/** Calls that have neither answered nor come to rest. */
		private final AtomicInteger busy = new AtomicInteger();

		private long deadline;

		private volatile boolean closed;

		/**
		 * Sends an answer on the event loop, at once or with others.
		 * @param answer sends it
		 */
		void answer(Runnable answer) {
			if (this.closed) {
				execute(answer);
				return;
			}
			this.answers.add(answer);
			// Closed meanwhile: the timer may have looked before the answer was there
			if (this.busy.decrementAndGet() == 0 || this.closed) {
				execute(this);
			}
		}

		private void count(SerialThread thread) {
			if (thread.isVirtual()) {
				this.virtual++;
			}
			else {
				this.platform++;
			}
		}

		/**
		 * Starts or wakes those of one kind. Platform threads are the event loop's to
		 * start: a virtual thread that starts others may itself wait for a carrier.
		 */
		private void start(boolean virtual) {
			for (int i = 0; i < this.threads.size(); i++) {
				if (this.threads.get(i).isVirtual() == virtual) {
					this.threads.get(i).start();
				}
			}
			for (int i = 0; i < this.woken.size(); i++) {
				if (this.woken.get(i).isVirtual() == virtual) {
					this.woken.get(i).wake();
				}
			}
		}

		/** Has no answer for now. */
		void leave() {
			if (this.busy.decrementAndGet() == 0 && !this.answers.isEmpty()) {
				execute(this);
			}
		}

		/** Sends what is there. */
		@Override
		public void run() {
			Runnable answer = this.answers.poll();
			while (answer != null) {
				send(answer);
				answer = this.answers.poll();
			}
		}

	}

}
