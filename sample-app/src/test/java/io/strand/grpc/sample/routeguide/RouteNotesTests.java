package io.strand.grpc.sample.routeguide;

import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;

import io.strand.grpc.sample.proto.Point;
import io.strand.grpc.sample.proto.RouteNote;
import org.junit.jupiter.api.Test;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

class RouteNotesTests {

	private final RouteNotes notes = new RouteNotes();

	@Test
	void tellsTheEarlierNotesOfThePoint() {
		assertThat(this.notes.leave(note(1, "one"))).isEmpty();
		assertThat(this.notes.leave(note(2, "elsewhere"))).isEmpty();
		assertThat(this.notes.leave(note(1, "two"))).containsExactly(note(1, "one"));
		assertThat(this.notes.leave(note(1, "three"))).containsExactly(note(1, "one"), note(1, "two"));
	}

	@Test
	void forgetsTheOldestNoteOfAPoint() {
		for (int i = 0; i <= RouteNotes.MOST_NOTES_PER_POINT; i++) {
			this.notes.leave(note(1, "note " + i));
		}
		assertThat(this.notes.leave(note(1, "last"))).hasSize(RouteNotes.MOST_NOTES_PER_POINT)
			.startsWith(note(1, "note 1"));
	}

	@Test
	void forgetsThePointThatWasLongestWithoutANote() {
		this.notes.leave(note(0, "kept"));
		this.notes.leave(note(1, "forgotten"));
		this.notes.leave(note(0, "kept too"));
		for (int i = 2; i <= RouteNotes.MOST_POINTS; i++) {
			this.notes.leave(note(i, "other"));
		}
		assertThat(this.notes.leave(note(0, "?"))).hasSize(2);
		assertThat(this.notes.leave(note(1, "?"))).isEmpty();
	}

	@Test
	void refusesALongNote() {
		assertThatIllegalArgumentException()
			.isThrownBy(() -> this.notes.leave(note(1, "x".repeat(RouteNotes.MOST_BYTES))))
			.withMessageContaining("1000 are allowed");
	}

	@Test
	void ofNotesLeftAtTheSameTimeEachSeesThoseBeforeIt() throws Exception {
		int count = RouteNotes.MOST_NOTES_PER_POINT;
		ExecutorService threads = Executors.newFixedThreadPool(count);
		try {
			List<Future<Integer>> seen = threads.invokeAll(IntStream.range(0, count)
				.<Callable<Integer>>mapToObj((i) -> () -> this.notes.leave(note(1, "note " + i)).size())
				.toList());
			assertThat(seen).extracting(Future::get)
				.containsExactlyInAnyOrderElementsOf(IntStream.range(0, count).boxed().toList());
		}
		finally {
			threads.shutdownNow();
		}
	}

	private static RouteNote note(int latitude, String message) {
		return RouteNote.newBuilder().setLocation(Point.newBuilder().setLatitude(latitude)).setMessage(message).build();
	}

}
