package io.strand.grpc.health;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Function;

import io.grpc.health.v1.HealthCheckResponse.ServingStatus;
import io.strand.grpc.thread.CallThreads;
import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.jspecify.annotations.Nullable;

/**
 * Asks at intervals how those are on which the health of services depends. Each is asked
 * on a thread of its own, so one that hangs delays no other; what depends on it is
 * NOT_SERVING until it answers. Thread-safe.
 */
public final class HealthPolling {

	private static final Log logger = LogFactory.getLog(HealthPolling.class);

	private final ServerHealth health;

	private final Map<String, ? extends Collection<String>> namesBySource;

	private final Function<String, ServingStatus> statusOf;

	private final Duration interval;

	private final Duration timeout;

	private final AtomicReference<@Nullable Rounds> running = new AtomicReference<>();

	/**
	 * Makes what asks, which does not ask yet.
	 * @param health what is told the answers
	 * @param namesBySource who is asked, and the names of the services that depend on it
	 * @param statusOf asks; may block and throw
	 * @param interval how often each is asked
	 * @param timeout how long an answer may take
	 */
	public HealthPolling(ServerHealth health, Map<String, ? extends Collection<String>> namesBySource,
			Function<String, ServingStatus> statusOf, Duration interval, Duration timeout) {
		this.health = health;
		this.namesBySource = Map.copyOf(namesBySource);
		this.statusOf = statusOf;
		this.interval = interval;
		this.timeout = timeout;
	}

	/**
	 * Begins to ask, if there is anybody to ask and this does not ask already.
	 */
	public void start() {
		if (this.namesBySource.isEmpty()) {
			return;
		}
		Rounds rounds = new Rounds();
		if (this.running.compareAndSet(null, rounds)) {
			rounds.start();
		}
	}

	/**
	 * Asks everybody again, now; those that have not answered yet are not asked twice.
	 */
	public void askNow() {
		Rounds rounds = this.running.get();
		if (rounds != null) {
			rounds.askNow();
		}
	}

	/**
	 * Asks no more, and interrupts those that have not answered.
	 */
	public void stop() {
		Rounds rounds = this.running.getAndSet(null);
		if (rounds != null) {
			rounds.stop();
		}
	}

	/**
	 * From a start to a stop.
	 */
	private final class Rounds implements Runnable {

		private final List<Question> questions = new ArrayList<>();

		private volatile boolean stopped;

		private volatile boolean now;

		private volatile @Nullable Thread thread;

		Rounds() {
			HealthPolling.this.namesBySource
				.forEach((source, names) -> this.questions.add(new Question(source, names)));
		}

		void start() {
			this.thread = CallThreads.start("grpc-health", this);
		}

		@Override
		public void run() {
			long pause = Math.min(HealthPolling.this.interval.toNanos(), HealthPolling.this.timeout.toNanos());
			while (!this.stopped) {
				boolean asked = this.now;
				this.now = false;
				this.questions.forEach((question) -> question.look(asked));
				if (!this.now) {
					LockSupport.parkNanos(this, pause);
				}
			}
			this.questions.forEach(Question::drop);
		}

		void askNow() {
			this.now = true;
			LockSupport.unpark(this.thread);
		}

		void stop() {
			this.stopped = true;
			LockSupport.unpark(this.thread);
		}

	}

	/**
	 * One that is asked, once at a time.
	 */
	private final class Question {

		private final String source;

		private final Collection<String> names;

		/**
		 * Held while an answer, or that there is none, is told: both may come at once.
		 */
		private final ReentrantLock telling = new ReentrantLock();

		private volatile boolean unanswered;

		private volatile @Nullable Thread asking;

		/** Nobody wants to hear an answer any more. */
		private volatile boolean dropped;

		// Guarded by telling

		private @Nullable ServingStatus told;

		// Confined to the thread of the rounds

		private long askedAt;

		private boolean asked;

		Question(String source, Collection<String> names) {
			this.source = source;
			this.names = names;
		}

		void look(boolean now) {
			long passed = System.nanoTime() - this.askedAt;
			if (this.unanswered) {
				if (passed >= HealthPolling.this.timeout.toNanos()) {
					missing();
				}
			}
			else if (now || !this.asked || passed >= HealthPolling.this.interval.toNanos()) {
				this.asked = true;
				this.askedAt = System.nanoTime();
				this.unanswered = true;
				this.asking = CallThreads.start("grpc-health-" + this.source, this::ask);
			}
		}

		private void ask() {
			try {
				ServingStatus status = HealthPolling.this.statusOf.apply(this.source);
				answered(status, "it says so", null);
			}
			catch (Throwable ex) {
				answered(ServingStatus.NOT_SERVING, "it failed", ex);
			}
		}

		private void answered(ServingStatus status, String why, @Nullable Throwable thrown) {
			this.telling.lock();
			try {
				this.unanswered = false;
				tell(status, why, thrown);
			}
			finally {
				this.telling.unlock();
			}
		}

		private void missing() {
			this.telling.lock();
			try {
				if (this.unanswered) {
					tell(ServingStatus.NOT_SERVING,
							"it has not answered for %d ms".formatted(HealthPolling.this.timeout.toMillis()), null);
				}
			}
			finally {
				this.telling.unlock();
			}
		}

		private void tell(ServingStatus status, String why, @Nullable Throwable thrown) {
			if (this.dropped) {
				return; // it may have failed for being interrupted
			}
			ServingStatus before = this.told;
			this.told = status;
			if (before != status && (before != null || status != ServingStatus.SERVING)) {
				logger.warn(
						"Health of %s is %s, for that of '%s' is: %s".formatted(this.names, status, this.source, why),
						thrown);
			}
			this.names.forEach((name) -> HealthPolling.this.health.report(name, status));
		}

		void drop() {
			this.dropped = true;
			Thread waiting = this.asking;
			if (waiting != null && this.unanswered) {
				waiting.interrupt();
			}
		}

	}

}
