package com.example.routeguide;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

import org.springframework.stereotype.Component;

/**
 * The notes of all calls. Thread-safe.
 */
@Component
class Notes {

	private final Map<Point, List<RouteNote>> notes = new ConcurrentHashMap<>();

	/**
	 * Leaves a note.
	 * @param note the note
	 * @return the notes that were at its place before
	 */
	List<RouteNote> leave(RouteNote note) {
		List<RouteNote> before = new ArrayList<>();
		this.notes.compute(note.getLocation(), (place, known) -> {
			List<RouteNote> all = (known != null) ? new ArrayList<>(known) : new ArrayList<>();
			before.addAll(all);
			all.add(note);
			return all;
		});
		return before;
	}

}
