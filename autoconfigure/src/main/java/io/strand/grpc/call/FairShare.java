package io.strand.grpc.call;

import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

import io.grpc.Attributes;
import org.jspecify.annotations.Nullable;

/**
 * Keeps a few clients from taking all the places of a limit: the last of them are only
 * for connections that have few calls running. Thread-safe.
 *
 * <p>
 * Nobody counts the calls of each connection until it matters, and those without limits
 * never. Then they are counted by looking at all that live, now and then, so that a flood
 * of calls does not pay for it. Calls that pass or leave meanwhile are added and taken
 * away, so that a burst gets no more than its share. Those that do so while others are
 * looked at may be counted twice or not at all until the next look.
 */
final class FairShare {

	/** How old a count may be. */
	static final Duration GOOD_FOR = Duration.ofMillis(100);

	private static final long GOOD_FOR_NANOS = GOOD_FOR.toNanos();

	private final Iterable<HandlerCall<?, ?>> live;

	/** None while places are plenty. */
	private volatile @Nullable Tally tally;

	FairShare(Iterable<HandlerCall<?, ?>> live) {
		this.live = live;
	}

	/**
	 * Whether the connection of a call has as many calls running as it may, now that few
	 * places are left.
	 */
	boolean isUsedUp(HandlerCall<?, ?> call, CallLimit limit) {
		Tally current = this.tally;
		if (limit.isScarce()) {
			return running(current, Connection.of(call)) >= limit.share();
		}
		if (current != null && current.isOld(System.nanoTime())) {
			this.tally = null;
		}
		return false;
	}

	/** A call has got its places. */
	void passed(HandlerCall<?, ?> call) {
		add(call, 1);
	}

	/** A call has given its places back. */
	void left(HandlerCall<?, ?> call) {
		add(call, -1);
	}

	private void add(HandlerCall<?, ?> call, int count) {
		Tally current = this.tally;
		if (current != null && isLimited(call)) {
			current.running.merge(Connection.of(call), count, Integer::sum);
		}
	}

	private int running(@Nullable Tally last, Connection connection) {
		Tally current = last;
		long now = System.nanoTime();
		if (current == null || current.isOld(now)) {
			current = new Tally(now, count());
			this.tally = current;
		}
		return current.running.getOrDefault(connection, 0);
	}

	private Map<Connection, Integer> count() {
		Map<Connection, Integer> running = new ConcurrentHashMap<>();
		for (HandlerCall<?, ?> call : this.live) {
			if (isLimited(call) && call.phase().hasPlace()) {
				running.merge(Connection.of(call), 1, Integer::sum);
			}
		}
		return running;
	}

	/** Others take no places from anybody, however many there are. */
	private static boolean isLimited(HandlerCall<?, ?> call) {
		return !call.plan().settings().limits().isEmpty();
	}

	private record Tally(long takenNanos, Map<Connection, Integer> running) {

		boolean isOld(long now) {
			return now - this.takenNanos >= GOOD_FOR_NANOS;
		}

	}

	/**
	 * A connection, known by what all calls of it have and no other: these very
	 * attributes, not equal ones.
	 */
	private record Connection(Attributes attributes) {

		static Connection of(HandlerCall<?, ?> call) {
			return new Connection(call.call().transportAttributes());
		}

		@Override
		public boolean equals(@Nullable Object other) {
			return other instanceof Connection connection && connection.attributes == this.attributes;
		}

		@Override
		public int hashCode() {
			return System.identityHashCode(this.attributes);
		}

	}

}
