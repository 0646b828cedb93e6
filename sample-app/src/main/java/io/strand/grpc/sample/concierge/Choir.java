package io.strand.grpc.sample.concierge;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

import io.grpc.Status;
import io.grpc.StatusException;
import io.strand.grpc.sample.proto.SongLine;

import org.springframework.stereotype.Component;

/**
 * Sings with many voices. Each is a thread of its own, all begin at the same moment, and
 * there is no lock around the stream that they share: that is the library's business.
 * Thread-safe.
 */
@Component
class Choir {

	private static final int MOST_VOICES = 64;

	private static final int MOST_LINES = 10_000;

	private static final long SECONDS_TO_GATHER = 10;

	/**
	 * Sings. Blocks until every voice has sung its last line or one has failed, or the
	 * thread is interrupted.
	 * @param voices how many voices
	 * @param lines how many lines each of them has
	 * @param audience takes the lines, from all voices at once
	 * @throws StatusException if there cannot be such a choir, or a voice failed
	 * @throws InterruptedException if interrupted; the voices are too
	 */
	void sing(int voices, int lines, Consumer<SongLine> audience) throws StatusException, InterruptedException {
		if (voices < 1 || voices > MOST_VOICES || lines < 0 || lines > MOST_LINES) {
			throw Status.INVALID_ARGUMENT
				.withDescription("A choir has 1 to %d voices of up to %d lines, not %d of %d".formatted(MOST_VOICES,
						MOST_LINES, voices, lines))
				.asException();
		}
		ExecutorService threads = Executors.newFixedThreadPool(voices);
		try {
			CyclicBarrier together = new CyclicBarrier(voices);
			List<Future<Void>> singing = new ArrayList<>();
			for (int voice = 0; voice < voices; voice++) {
				singing.add(threads.submit(new Voice(voice, lines, together, audience)));
			}
			for (Future<Void> one : singing) {
				one.get();
			}
		}
		catch (ExecutionException ex) {
			throw Status.fromThrowable(ex.getCause()).asException();
		}
		finally {
			threads.shutdownNow();
		}
	}

	private record Voice(int voice, int lines, CyclicBarrier together,
			Consumer<SongLine> audience) implements Callable<Void> {

		@Override
		public Void call() throws Exception {
			this.together.await(SECONDS_TO_GATHER, TimeUnit.SECONDS);
			for (int number = 0; number < this.lines; number++) {
				this.audience.accept(SongLine.newBuilder().setVoice(this.voice).setNumber(number).build());
			}
			return null;
		}

	}

}
