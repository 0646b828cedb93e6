package io.strand.grpc.sample.routeguide;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.ReentrantLock;

import io.strand.grpc.sample.proto.Point;
import io.strand.grpc.sample.proto.RouteNote;
import io.strand.grpc.sample.refusal.UnreasonableRequestException;

/**
 * The notes that callers left, by point. Thread-safe. Bounded, whatever callers do: the
 * oldest note of a point makes room for a new one, the point that was longest without a
 * note for a new point, and a long note is not taken.
 */
class RouteNotes {

	static final int MOST_BYTES = 1_000;

	static final int MOST_POINTS = 1_000;

	static final int MOST_NOTES_PER_POINT = 20;

	private final ReentrantLock lock = new ReentrantLock();

	// Mutable state, guarded by lock

	private final Map<Point, Deque<RouteNote>> notes = new LinkedHashMap<>(16, 0.75f, true) {

		@Override
		protected boolean removeEldestEntry(Map.Entry<Point, Deque<RouteNote>> eldest) {
			return size() > MOST_POINTS;
		}

	};

	/**
	 * Leaves a note and tells which were there, in one step: of two notes left at the
	 * same time, exactly one sees the other.
	 * @param note the note
	 * @return the notes that were at its point, the oldest first
	 * @throws UnreasonableRequestException if the note is too long
	 */
	List<RouteNote> leave(RouteNote note) {
		int size = note.getSerializedSize();
		if (size > MOST_BYTES) {
			throw new UnreasonableRequestException("The note has %d bytes, %d are allowed".formatted(size, MOST_BYTES));
		}
		this.lock.lock();
		try {
			Deque<RouteNote> here = this.notes.computeIfAbsent(note.getLocation(), (point) -> new ArrayDeque<>());
			List<RouteNote> earlier = List.copyOf(here);
			if (here.size() == MOST_NOTES_PER_POINT) {
				here.removeFirst();
			}
			here.addLast(note);
			return earlier;
		}
		finally {
			this.lock.unlock();
		}
	}

}
