package io.strand.grpc.call;

import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.Status;
import io.strand.grpc.testing.LincheckThreads;
import io.strand.grpc.testing.Message;
import org.jetbrains.lincheck.Lincheck;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * Tries the interleavings of the phases of a {@link HandlerCall}: whoever ends a call
 * while others move it on, it ends once, runs all of its handler or nothing, and gives
 * its place at the limit back.
 */
@Tag("lincheck")
class HandlerCallLincheckTests {

	@Test
	void callThatIsCancelledWhileItBeginsEndsOnce() {
		Lincheck.runConcurrentTest(25, () -> {
			Handler handler = new Handler();
			PlayedCall played = new PlayedCall(handler);
			played.arrive();
			LincheckThreads.run(new CallThread(played), new Canceller(played));
			assertOver(played, handler);
		});
	}

	@Test
	void callThatIsCancelledWhenItsThreadComesRunsOrEnds() {
		Lincheck.runConcurrentTest(100, () -> {
			PlayedCall played = new PlayedCall(new Handler());
			played.arrive();
			Beginning beginning = new Beginning(played);
			LincheckThreads.run(beginning, new Canceller(played));
			CallPhase expected = beginning.begun ? CallPhase.RUNNING : CallPhase.ENDED;
			if (played.call().phase() != expected || played.running() != (beginning.begun ? 1 : 0)) {
				throw new IllegalStateException(
						"It is %s, and %d count at the limit".formatted(played.call().phase(), played.running()));
			}
		});
	}

	@Test
	void callThatExpiresWhileItArrivesEndsOnce() {
		Lincheck.runConcurrentTest(40, () -> {
			Handler handler = new Handler();
			PlayedCall played = new PlayedCall(handler);
			LincheckThreads.run(new Arrival(played), new Canceller(played));
			assertOver(played, handler);
		});
	}

	@Test
	void callThatIsRefusedAThreadWhileItIsCancelledEndsOnce() {
		Lincheck.runConcurrentTest(40, () -> {
			Handler handler = new Handler();
			PlayedCall played = new PlayedCall(handler);
			played.arrive();
			LincheckThreads.run(new Rejection(played), new Canceller(played));
			assertOver(played, handler);
			if (handler.started) {
				throw new IllegalStateException("It ran without a thread");
			}
		});
	}

	@Test
	void callThatTheServerEndsWhileItRunsEndsOnce() {
		Lincheck.runConcurrentTest(30, () -> {
			Handler handler = new Handler();
			PlayedCall played = new PlayedCall(handler);
			played.arrive();
			LincheckThreads.run(new CallThread(played), new Aborter(played));
			assertOver(played, handler);
			if (played.ends() != 1) {
				throw new IllegalStateException("Its client was told %d ends".formatted(played.ends()));
			}
		});
	}

	private static void assertOver(PlayedCall played, Handler handler) {
		played.complete();
		if (played.call().phase() != CallPhase.ENDED) {
			throw new IllegalStateException("It is %s".formatted(played.call().phase()));
		}
		if (played.running() != 0) {
			throw new IllegalStateException("%d calls count at the limit".formatted(played.running()));
		}
		if (handler.started != handler.ended) {
			throw new IllegalStateException("The handler was started and not told of the end");
		}
	}

	private static final class Handler extends ServerCall.Listener<Message>
			implements ServerCallHandler<Message, Message> {

		private volatile boolean started;

		private volatile boolean ended;

		private ServerCall<Message, Message> call;

		@Override
		public ServerCall.Listener<Message> startCall(ServerCall<Message, Message> started, Metadata headers) {
			this.call = started;
			this.started = true;
			started.request(2);
			return this;
		}

		@Override
		public void onHalfClose() {
			try {
				this.call.close(Status.OK, new Metadata());
			}
			catch (IllegalStateException ex) {
				// Ended by the server meanwhile
			}
		}

		@Override
		public void onComplete() {
			this.ended = true;
		}

		@Override
		public void onCancel() {
			this.ended = true;
		}

	}

	private static final class Arrival extends Thread {

		private final PlayedCall played;

		Arrival(PlayedCall played) {
			this.played = played;
		}

		@Override
		public void run() {
			this.played.arrive();
		}

	}

	private static final class Beginning extends Thread {

		private final PlayedCall played;

		private boolean begun;

		Beginning(PlayedCall played) {
			this.played = played;
		}

		@Override
		public void run() {
			this.begun = this.played.call().begin();
		}

	}

	private static final class CallThread extends Thread {

		private final PlayedCall played;

		CallThread(PlayedCall played) {
			this.played = played;
		}

		@Override
		public void run() {
			this.played.run();
		}

	}

	private static final class Canceller extends Thread {

		private final PlayedCall played;

		Canceller(PlayedCall played) {
			this.played = played;
		}

		@Override
		public void run() {
			this.played.call().cancel();
		}

	}

	private static final class Rejection extends Thread {

		private final PlayedCall played;

		Rejection(PlayedCall played) {
			this.played = played;
		}

		@Override
		public void run() {
			this.played.call().rejected();
		}

	}

	private static final class Aborter extends Thread {

		private final PlayedCall played;

		Aborter(PlayedCall played) {
			this.played = played;
		}

		@Override
		public void run() {
			this.played.call().abort(Status.UNAVAILABLE);
		}

	}

}
