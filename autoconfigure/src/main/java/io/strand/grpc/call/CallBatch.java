package io.strand.grpc.call;

import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Executor;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.atomic.AtomicInteger;

import io.strand.grpc.thread.CallThreads;
import io.strand.grpc.thread.SerialThread;
import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.jspecify.annotations.Nullable;

/**
 * The calls of one read of a {@link TransportLoop}, which says why: begun together, their
 * answers sent together. Confined to the event loop, but for {@link #answer} and
 * {@link #leave}, which are the calls' own.
 */
final class CallBatch implements Runnable {

	/** More calls than this are not kept waiting for the rest of what is read. */
	static final int FULL = 256;

	private static final Log logger = LogFactory.getLog(CallBatch.class);

	private static final @Nullable ThreadFactory STARTERS = CallThreads.areVirtualAvailable()
			? CallThreads.virtualFactory("grpc-call-starter") : null;

	private final Executor loop;

	private final List<SerialThread> started = new ArrayList<>();

	private final List<SerialThread> woken = new ArrayList<>();

	private int virtual;

	private int platform;

	private final Queue<Runnable> answers = new ConcurrentLinkedQueue<>();

	/** Calls that have neither answered nor come to rest. */
	private final AtomicInteger busy = new AtomicInteger();

	private long deadline;

	private volatile boolean closed;

	CallBatch(Executor loop) {
		this.loop = loop;
	}

	/** Takes on a call, whose thread is to be started. */
	void addStart(SerialThread thread) {
		this.started.add(thread);
		count(thread);
	}

	/** Takes on a thread that is to be woken, and has no part in the answers. */
	void addWake(SerialThread thread) {
		this.woken.add(thread);
		count(thread);
	}

	private void count(SerialThread thread) {
		if (thread.isVirtual()) {
			this.virtual++;
		}
		else {
			this.platform++;
		}
	}

	int calls() {
		return this.started.size();
	}

	/** How many threads it has to start or to wake. */
	int size() {
		return this.started.size() + this.woken.size();
	}

	boolean isEmpty() {
		return size() == 0;
	}

	/** Its answers wait no longer than that for each other. */
	void lingerUntil(long nanos) {
		this.deadline = nanos;
	}

	/** Starts and wakes what it has taken on. */
	void begin() {
		this.busy.set(this.started.size());
		if (this.platform > 0) {
			begin(false);
		}
		// One thread more for the rest to start is worth it only while they are few
		if (this.virtual > 1 && this.started.size() < FULL && STARTERS != null) {
			STARTERS.newThread(() -> begin(true)).start();
		}
		else if (this.virtual > 0) {
			begin(true);
		}
	}

	/**
	 * Starts or wakes those of one kind. Platform threads are the event loop's to start:
	 * a virtual thread that starts others may itself wait for a carrier.
	 */
	private void begin(boolean virtual) {
		for (int i = 0; i < this.started.size(); i++) {
			if (this.started.get(i).isVirtual() == virtual) {
				this.started.get(i).start();
			}
		}
		for (int i = 0; i < this.woken.size(); i++) {
			if (this.woken.get(i).isVirtual() == virtual) {
				this.woken.get(i).wake();
			}
		}
	}

	/** Whether nobody is to be waited for any more. */
	boolean isOver(long now) {
		return this.busy.get() == 0 || this.deadline - now <= 0;
	}

	/** Sends what there is; what comes later waits for nobody. */
	void close() {
		this.closed = true;
		run();
	}

	/** Sends what there is. */
	@Override
	public void run() {
		Runnable answer = this.answers.poll();
		while (answer != null) {
			send(answer);
			answer = this.answers.poll();
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

	// From any thread

	/**
	 * Sends an answer on the event loop, at once or with others.
	 * @param answer sends it
	 */
	void answer(Runnable answer) {
		if (this.closed) {
			this.loop.execute(answer);
			return;
		}
		this.answers.add(answer);
		// Closed meanwhile: the timer may have looked before the answer was there
		if (this.busy.decrementAndGet() == 0 || this.closed) {
			this.loop.execute(this);
		}
	}

	/** Has no answer for now. */
	void leave() {
		if (this.busy.decrementAndGet() == 0 && !this.answers.isEmpty()) {
			this.loop.execute(this);
		}
	}

}
