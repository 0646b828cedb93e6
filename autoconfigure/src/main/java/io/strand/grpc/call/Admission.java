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
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BiFunction;

import org.jspecify.annotations.Nullable;

/**
 * Lets calls pass the limits of the engine, or wait for a place. Thread-safe.
 *
 * <p>
 * A call passes all of its limits or none. The calls of a method wait in one line, oldest
 * first. Whoever gives places back, also those of a try that went wrong, looks along all
 * lines and lets the oldest call pass that can. No place is missed: a call stands in its
 * line and is counted before it looks itself; a place is given back before the count is
 * read. Calls whose connections have used up their share do not hold up those behind
 * them; what the share of a connection is changes without anybody giving a place back, so
 * then there is a look again a little later.
 */
final class Admission {

	/** Who gives a place back has better things to do than to look at a whole line. */
	private static final int MOST_LOOKED_AT = 1000;

	private final Map<String, NavigableMap<Long, HandlerCall<?, ?>>> lines = new ConcurrentHashMap<>();

	private final AtomicInteger waiting = new AtomicInteger();

	private final FairShare shares;

	private final BiFunction<Runnable, Duration, Future<?>> timer;

	private final AtomicBoolean looksAgain = new AtomicBoolean();

	/**
	 * Makes one without a limit.
	 * @param shares what connections may have of the last places
	 * @param timer runs a task after a while
	 */
	Admission(FairShare shares, BiFunction<Runnable, Duration, Future<?>> timer) {
		this.shares = shares;
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
			if (reached != null || tryAcquire(call.limits())) {
				return reached;
			}
			admitWaiting();
		}
	}

	private @Nullable CallLimit firstReached(HandlerCall<?, ?> call) {
		List<CallLimit> limits = call.limits();
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

	private static boolean tryAcquire(List<CallLimit> limits) {
		for (int i = 0; i < limits.size(); i++) {
			if (!limits.get(i).tryAcquire()) {
				release(limits, i);
				return false;
			}
		}
		return true;
	}

	private static void release(List<CallLimit> limits, int count) {
		for (int i = 0; i < count; i++) {
			limits.get(i).release();
		}
	}

	/**
	 * Gives places back, and lets those pass that waited for them.
	 * @param limits the limits that were passed
	 */
	void leave(List<CallLimit> limits) {
		if (!limits.isEmpty()) {
			release(limits, limits.size());
			admitWaiting();
		}
	}

	void await(HandlerCall<?, ?> call) {
		this.lines.computeIfAbsent(call.plan().fullMethodName(), (method) -> new ConcurrentSkipListMap<>())
			.put(call.id(), call);
		this.waiting.incrementAndGet();
		if (call.phase() != HandlerCall.Phase.WAITING) {
			stopWaiting(call); // refused before it stood in the line
		}
		admitWaiting();
	}

	/**
	 * Takes a call out of its line.
	 * @param call the call
	 * @return whether this took it out, and nobody else did
	 */
	boolean stopWaiting(HandlerCall<?, ?> call) {
		NavigableMap<Long, HandlerCall<?, ?>> line = this.lines.get(call.plan().fullMethodName());
		if (line != null && line.remove(call.id()) != null) {
			this.waiting.decrementAndGet();
			return true;
		}
		return false;
	}

	private void admitWaiting() {
		while (this.waiting.get() > 0) {
			HandlerCall<?, ?> next = oldestThatCanPass();
			if (next == null) {
				return;
			}
			if (tryAcquire(next.limits())) {
				if (stopWaiting(next)) {
					next.admitted();
				}
				else {
					// It stopped waiting, or somebody else let it pass
					release(next.limits(), next.limits().size());
				}
			}
		}
	}

	private @Nullable HandlerCall<?, ?> oldestThatCanPass() {
		HandlerCall<?, ?> oldest = null;
		for (NavigableMap<Long, HandlerCall<?, ?>> line : this.lines.values()) {
			HandlerCall<?, ?> first = firstThatCanPass(line.values());
			if (first != null && (oldest == null || first.id() < oldest.id())) {
				oldest = first;
			}
		}
		return oldest;
	}

	private @Nullable HandlerCall<?, ?> firstThatCanPass(Collection<HandlerCall<?, ?>> line) {
		int lookedAt = 0;
		for (HandlerCall<?, ?> call : line) {
			if (firstFull(call.limits()) != null || lookedAt++ == MOST_LOOKED_AT) {
				return null; // that goes for all of them
			}
			if (firstUsedUp(call, call.limits()) == null) {
				return call;
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
			var unused = this.timer.apply(() -> {
				this.looksAgain.set(false);
				admitWaiting();
			}, FairShare.GOOD_FOR);
		}
		catch (RejectedExecutionException ex) {
			// The engine is closed, and its calls have ended
		}
	}

	int waiting() {
		return this.waiting.get();
	}

}
