package io.strand.grpc.call;

import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;

import io.grpc.Status;
import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.jspecify.annotations.Nullable;

/**
 * Lets calls pass the limits of the engine, or wait for a place, or be refused.
 * Thread-safe.
 *
 * <p>
 * A call passes all of its limits or none. The calls of a method wait in one line, oldest
 * first. Whoever gives places back, also those of a try that went wrong, looks along all
 * lines and lets the oldest call pass that can. No place is missed: a call stands in its
 * line and is counted before it looks itself; a place is given back before the count is
 * read. Calls whose connections have used up their share do not hold up those behind
 * them; what the share of a connection is changes without anybody giving a place back, so
 * then there is a look again a little later. Who takes a call out of its line stops the
 * timer that would refuse it.
 */
final class Admission {

	private static final Log logger = LogFactory.getLog(Admission.class);

	private static final LineQuota refusals = new LineQuota(
			(leftOut) -> logger.warn("%d more calls were refused at a limit".formatted(leftOut)));

	/** Who gives a place back has better things to do than to look at a whole line. */
	private static final int MOST_LOOKED_AT = 1000;

	private final Map<String, NavigableMap<Long, Waiting>> lines = new ConcurrentHashMap<>();

	private final AtomicInteger waiting = new AtomicInteger();

	private final FairShare shares;

	private final CallCounters counters;

	private final ScheduledExecutorService timer;

	private final AtomicBoolean looksAgain = new AtomicBoolean();

	Admission(FairShare shares, CallCounters counters, ScheduledExecutorService timer) {
		this.shares = shares;
		this.counters = counters;
		this.timer = timer;
	}

	/**
	 * Tries to pass.
	 * @param call the call
	 * @return the limit that is reached, or {@code null} if all were passed
	 */
	@Nullable CallLimit tryPass(HandlerCall<?, ?> call) {
		while (true) {
			CallLimit reached = firstReached(call);
			if (reached != null || tryAcquire(call)) {
				return reached;
			}
			admitWaiting();
		}
	}

	private @Nullable CallLimit firstReached(HandlerCall<?, ?> call) {
		List<CallLimit> limits = limitsOf(call);
		CallLimit full = firstFull(limits);
		return (full != null) ? full : firstUsedUp(call, limits);
	}

	private static @Nullable CallLimit firstFull(List<CallLimit> limits) {
		for (int i = 0; i < limits.size(); i++) {
			if (limits.get(i).isReached()) {
				return limits.get(i);
			}
		}
		return null;
	}

	private @Nullable CallLimit firstUsedUp(HandlerCall<?, ?> call, List<CallLimit> limits) {
		for (int i = 0; i < limits.size(); i++) {
			if (this.shares.isUsedUp(call, limits.get(i))) {
				return limits.get(i);
			}
		}
		return null;
	}

	private static List<CallLimit> limitsOf(HandlerCall<?, ?> call) {
		return call.plan().settings().limits();
	}

	private boolean tryAcquire(HandlerCall<?, ?> call) {
		List<CallLimit> limits = limitsOf(call);
		for (int i = 0; i < limits.size(); i++) {
			if (!limits.get(i).tryAcquire()) {
				release(limits, i);
				return false;
			}
		}
		this.shares.passed(call);
		return true;
	}

	private void giveBack(HandlerCall<?, ?> call) {
		List<CallLimit> limits = limitsOf(call);
		release(limits, limits.size());
		this.shares.left(call);
	}

	private static void release(List<CallLimit> limits, int count) {
		for (int i = 0; i < count; i++) {
			limits.get(i).release();
		}
	}

	/**
	 * Gives the places of a call back, and lets those pass that waited for them.
	 * @param call a call that has passed
	 */
	void leave(HandlerCall<?, ?> call) {
		if (!limitsOf(call).isEmpty()) {
			giveBack(call);
			admitWaiting();
		}
	}

	/**
	 * Has a call wait for a place, until it is refused.
	 * @param call the call
	 * @param reached the limit that it could not pass
	 */
	void await(HandlerCall<?, ?> call, CallLimit reached) {
		Duration longest = call.plan().settings().maxWait();
		Future<?> refusal;
		try {
			refusal = this.timer.schedule(() -> call.refuse(reached, CallPhase.WAITING), longest.toNanos(),
					TimeUnit.NANOSECONDS);
		}
		catch (RejectedExecutionException ex) {
			call.refuse(reached, CallPhase.WAITING);
			return;
		}
		this.lines.computeIfAbsent(call.plan().fullMethodName(), (method) -> new ConcurrentSkipListMap<>())
			.put(call.id(), new Waiting(call, refusal));
		this.waiting.incrementAndGet();
		if (call.phase() != CallPhase.WAITING) {
			stopWaiting(call); // it ended before it stood in the line
		}
		admitWaiting();
	}

	/**
	 * Takes a call out of its line.
	 * @param call the call
	 * @return whether this took it out, and nobody else did
	 */
	boolean stopWaiting(HandlerCall<?, ?> call) {
		NavigableMap<Long, Waiting> line = this.lines.get(call.plan().fullMethodName());
		Waiting taken = (line != null) ? line.remove(call.id()) : null;
		if (taken == null) {
			return false;
		}
		taken.refusal.cancel(false);
		this.waiting.decrementAndGet();
		return true;
	}

	private void admitWaiting() {
		while (this.waiting.get() > 0) {
			HandlerCall<?, ?> next = oldestThatCanPass();
			if (next == null) {
				return;
			}
			if (tryAcquire(next)) {
				if (stopWaiting(next)) {
					next.admit(CallPhase.WAITING);
				}
				else {
					// It stopped waiting, or somebody else let it pass
					giveBack(next);
				}
			}
		}
	}

	private @Nullable HandlerCall<?, ?> oldestThatCanPass() {
		HandlerCall<?, ?> oldest = null;
		for (NavigableMap<Long, Waiting> line : this.lines.values()) {
			HandlerCall<?, ?> first = firstThatCanPass(line.values());
			if (first != null && (oldest == null || first.id() < oldest.id())) {
				oldest = first;
			}
		}
		return oldest;
	}

	private @Nullable HandlerCall<?, ?> firstThatCanPass(Collection<Waiting> line) {
		int lookedAt = 0;
		for (Waiting each : line) {
			List<CallLimit> limits = limitsOf(each.call);
			if (firstFull(limits) != null || lookedAt++ == MOST_LOOKED_AT) {
				return null; // that goes for all of them
			}
			if (firstUsedUp(each.call, limits) == null) {
				return each.call;
			}
			lookAgainLater();
		}
		return null;
	}

	private void lookAgainLater() {
		if (this.looksAgain.get() || !this.looksAgain.compareAndSet(false, true)) {
			return;
		}
		try {
			var unused = this.timer.schedule(() -> {
				this.looksAgain.set(false);
				admitWaiting();
			}, FairShare.GOOD_FOR.toNanos(), TimeUnit.NANOSECONDS);
		}
		catch (RejectedExecutionException ex) {
			// The engine is closed, and its calls have ended
		}
	}

	/**
	 * Counts and logs that a call is refused.
	 * @param call the call
	 * @param reached the limit that it could not pass
	 * @param waited whether it had waited
	 * @return what its client is told
	 */
	Status refusal(HandlerCall<?, ?> call, CallLimit reached, boolean waited) {
		this.counters.countRefusalAtLimit();
		String reason = "Handler limit reached for %s (%s, waiting=%d%s)".formatted(call.plan().fullMethodName(),
				reached, waiting(), waited ? ", waited " + call.plan().settings().maxWait().toMillis() + " ms" : "");
		if (refusals.tryTake()) {
			logger.warn("A call from %s was refused: %s".formatted(LogText.peer(call.peer()), reason));
		}
		return Status.RESOURCE_EXHAUSTED.withDescription(reason);
	}

	int waiting() {
		return this.waiting.get();
	}

	private record Waiting(HandlerCall<?, ?> call, Future<?> refusal) {

	}

}
