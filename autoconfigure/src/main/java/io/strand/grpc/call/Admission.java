package io.strand.grpc.call;

import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;

import org.jspecify.annotations.Nullable;

/**
 * Lets calls pass the limits of the engine, or wait for a place. Thread-safe.
 *
 * <p>
 * A call passes all of its limits or none. Whoever gives places back looks through the
 * calls that wait, oldest first; a call announces that it waits before it tries a last
 * time, so a place that was given back in between is not missed.
 */
final class Admission {

	private final Queue<HandlerCall<?, ?>> waiting = new ConcurrentLinkedQueue<>();

	private final AtomicInteger waitingCount = new AtomicInteger();

	/**
	 * Tries to pass.
	 * @param limits the limits
	 * @return the limit that is reached, or {@code null} if all were passed
	 */
	@Nullable CallLimit tryPass(List<CallLimit> limits) {
		for (int i = 0; i < limits.size(); i++) {
			CallLimit limit = limits.get(i);
			if (!limit.tryAcquire()) {
				for (int j = 0; j < i; j++) {
					limits.get(j).release();
				}
				return limit;
			}
		}
		return null;
	}

	/**
	 * Gives places back, and lets those pass that waited for them.
	 * @param limits the limits that were passed
	 */
	void leave(List<CallLimit> limits) {
		if (limits.isEmpty()) {
			return;
		}
		limits.forEach(CallLimit::release);
		admitWaiting();
	}

	void await(HandlerCall<?, ?> call) {
		this.waiting.add(call);
		this.waitingCount.incrementAndGet();
		admitWaiting();
	}

	void stopWaiting(HandlerCall<?, ?> call) {
		if (this.waiting.remove(call)) {
			this.waitingCount.decrementAndGet();
		}
	}

	private void admitWaiting() {
		if (this.waitingCount.get() == 0) {
			return;
		}
		for (HandlerCall<?, ?> call : this.waiting) {
			if (tryPass(call.settings().limits()) == null) {
				if (this.waiting.remove(call)) {
					this.waitingCount.decrementAndGet();
					call.admitted();
				}
				else {
					// It stopped waiting, or somebody else let it pass
					call.settings().limits().forEach(CallLimit::release);
				}
			}
		}
	}

	int waiting() {
		return this.waitingCount.get();
	}

}
