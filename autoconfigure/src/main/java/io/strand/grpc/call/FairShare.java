package io.strand.grpc.call;

import java.time.Duration;
import java.util.IdentityHashMap;
import java.util.Map;

import io.grpc.Attributes;

/**
 * Keeps a few clients from taking all the places of a limit: the last of them are only
 * for connections that have few calls running. Thread-safe.
 *
 * <p>
 * Nobody counts the calls of each connection until it matters. Then they are counted by
 * looking at all that live, now and then, so that a flood of calls does not pay for it:
 * what has come since is not seen, and may take some places too many.
 */
final class FairShare {

	/** How old a count may be. */
	static final Duration GOOD_FOR = Duration.ofMillis(100);

	private static final long GOOD_FOR_NANOS = GOOD_FOR.toNanos();

	private final Iterable<HandlerCall<?, ?>> live;

	private volatile Tally tally = new Tally(System.nanoTime() - GOOD_FOR_NANOS, Map.of());

	FairShare(Iterable<HandlerCall<?, ?>> live) {
		this.live = live;
	}

	/**
	 * Whether the connection of a call has as many calls running as it may, now that few
	 * places are left.
	 */
	boolean isUsedUp(HandlerCall<?, ?> call, CallLimit limit) {
		return limit.isScarce() && running(connectionOf(call)) >= limit.share();
	}

	private int running(Attributes connection) {
		long now = System.nanoTime();
		Tally current = this.tally;
		if (now - current.takenNanos >= GOOD_FOR_NANOS) {
			current = new Tally(now, count());
			this.tally = current;
		}
		return current.running.getOrDefault(connection, 0);
	}

	private Map<Attributes, Integer> count() {
		Map<Attributes, Integer> running = new IdentityHashMap<>();
		for (HandlerCall<?, ?> call : this.live) {
			if (call.phase().hasPlace()) {
				running.merge(connectionOf(call), 1, Integer::sum);
			}
		}
		return running;
	}

	/** What all calls of a connection have, and no other. */
	private static Attributes connectionOf(HandlerCall<?, ?> call) {
		return call.call().transportAttributes();
	}

	/** Safe to publish: never changed. */
	private record Tally(long takenNanos, Map<Attributes, Integer> running) {

	}

}
