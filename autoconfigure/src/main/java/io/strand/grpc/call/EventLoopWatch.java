package io.strand.grpc.call;

import java.time.Duration;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;

import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.jspecify.annotations.Nullable;

/**
 * Finds handlers that block although they run on an event loop. A thread looks, every
 * {@value #SAMPLE_MILLIS} milliseconds, what each event loop is at; the event loops
 * themselves do no more than write it down. A handler that is found at the same call for
 * longer than the limit is logged with its method and stack, at most once a minute for
 * each method. Thread-safe.
 */
final class EventLoopWatch implements AutoCloseable {

	static final long SAMPLE_MILLIS = 20;

	private static final Duration LOG_INTERVAL = Duration.ofMinutes(1);

	private static final Log logger = LogFactory.getLog(EventLoopWatch.class);

	private final long limitNanos;

	private final ThreadLocal<Slot> slot = ThreadLocal.withInitial(this::newSlot);

	private final Queue<Slot> slots = new ConcurrentLinkedQueue<>();

	private final Map<String, Long> logged = new ConcurrentHashMap<>();

	private final AtomicBoolean started = new AtomicBoolean();

	private volatile boolean closed;

	private volatile @Nullable Thread sampler;

	EventLoopWatch(Duration limit) {
		this.limitNanos = limit.toNanos();
	}

	/**
	 * An executor that runs tasks at once, on the thread that hands them over, and has
	 * them watched.
	 * @param method the full name of the method whose handler the tasks are
	 * @return the executor
	 */
	Executor executor(String method) {
		if (this.started.compareAndSet(false, true)) {
			Thread thread = new Thread(this::sample, "grpc-event-loop-watch");
			thread.setDaemon(true);
			this.sampler = thread;
			thread.start();
		}
		return (task) -> {
			Slot current = this.slot.get();
			current.since = System.nanoTime();
			current.method = method;
			try {
				task.run();
			}
			finally {
				current.method = null;
			}
		};
	}

	private Slot newSlot() {
		Slot made = new Slot(Thread.currentThread());
		this.slots.add(made);
		return made;
	}

	private void sample() {
		while (!this.closed) {
			// Blocks for the time between two looks; ended by close
			LockSupport.parkNanos(this, TimeUnit.MILLISECONDS.toNanos(SAMPLE_MILLIS));
			long now = System.nanoTime();
			this.slots.removeIf((each) -> !each.thread.isAlive());
			for (Slot each : this.slots) {
				String method = each.method;
				long since = each.since;
				if (method != null && now - since > this.limitNanos) {
					report(each, method, now - since);
				}
			}
		}
	}

	private void report(Slot slot, String method, long nanos) {
		StackTraceElement[] stack = slot.thread.getStackTrace();
		Long last = this.logged.get(method);
		long now = System.nanoTime();
		if (slot.method == null || (last != null && now - last < LOG_INTERVAL.toNanos())) {
			return;
		}
		this.logged.put(method, now);
		Throwable where = new Throwable("Stack of " + slot.thread.getName());
		where.setStackTrace(stack);
		logger.warn(("The handler of %s has kept its event loop busy for %d ms: no other call of the same connections"
				+ " runs meanwhile. Let it run on a thread of its own (threading: auto)")
			.formatted(method, TimeUnit.NANOSECONDS.toMillis(nanos)), where);
	}

	@Override
	public void close() {
		this.closed = true;
		Thread thread = this.sampler;
		if (thread != null) {
			LockSupport.unpark(thread);
		}
	}

	/** What one event loop is at. Written by its thread, read by the sampler. */
	private static final class Slot {

		private final Thread thread;

		private volatile long since;

		private volatile @Nullable String method;

		Slot(Thread thread) {
			this.thread = thread;
		}

	}

}
