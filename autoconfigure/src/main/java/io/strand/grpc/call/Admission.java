package io.strand.grpc.call;

import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.atomic.AtomicInteger;

import org.jspecify.annotations.Nullable;

/**
 * Lets calls pass the limits of the engine, or wait for a place. Thread-safe.
 *
 * <p>
 * A call passes all of its limits or none. The calls of a method wait in one line, oldest
 * first. Whoever gives places back, also those of a try that went wrong, looks at the
 * heads of all lines and lets the oldest call pass that can. No place is missed: a call
 * stands in its line and is counted before it looks itself; a place is given back before
 * the count is read.
 */
final class Admission {

	private final Map<String, NavigableMap<Long, HandlerCall<?, ?>>> lines = new ConcurrentHashMap<>();

	private final AtomicInteger waiting = new AtomicInteger();

	private final FairShare shares;

	Admission(FairShare shares) {
		this.shares = shares;
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
		for (int i = 0; i < limits.size(); i++) {
			CallLimit limit = limits.get(i);
			if (limit.isReached() || this.shares.isUsedUp(call, limit)) {
				return limit;
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
			Map.Entry<Long, HandlerCall<?, ?>> head = line.firstEntry();
			if (head != null && (oldest == null || head.getKey() < oldest.id())
					&& firstReached(head.getValue()) == null) {
				oldest = head.getValue();
			}
		}
		return oldest;
	}

	int waiting() {
		return this.waiting.get();
	}

}
