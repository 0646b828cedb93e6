package io.strand.grpc.client.connection;

import io.grpc.ClientCall;
import io.grpc.Metadata;
import io.strand.grpc.testing.FakeCall;
import io.strand.grpc.testing.LincheckThreads;
import org.jetbrains.lincheck.Lincheck;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * Tries the interleavings of {@link LateCall}: a cancellation is never lost, and never
 * reaches the call that it becomes before that has started.
 */
@Tag("lincheck")
class LateCallLincheckTests {

	@Test
	void callThatIsCancelledWhileItStartsEndsUpCancelled() {
		Lincheck.runConcurrentTest(250, () -> {
			TestCall call = new TestCall();
			LincheckThreads.run(new Starter(call), new Canceller(call));
			if (call.real.isStarted() && !call.real.isCancelled()) {
				throw new IllegalStateException("The cancellation was lost");
			}
			if (call.real.isCancelledTooEarly()) {
				throw new IllegalStateException("The call was cancelled while it started");
			}
		});
	}

	private static final class TestCall extends LateCall<String, String> {

		private final FakeCall<String, String> real = new FakeCall<>();

		@Override
		protected ClientCall<String, String> choose() {
			return this.real;
		}

		@Override
		protected void afterStart(boolean failed) {
		}

	}

	private static final class Starter extends Thread {

		private final TestCall call;

		Starter(TestCall call) {
			this.call = call;
		}

		@Override
		public void run() {
			try {
				this.call.start(new ClientCall.Listener<>() {
				}, new Metadata());
			}
			catch (IllegalStateException ex) {
				// Cancelled before
			}
		}

	}

	private static final class Canceller extends Thread {

		private final TestCall call;

		Canceller(TestCall call) {
			this.call = call;
		}

		@Override
		public void run() {
			this.call.cancel("no longer wanted", null);
		}

	}

}
