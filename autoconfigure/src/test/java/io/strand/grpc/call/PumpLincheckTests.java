package io.strand.grpc.call;

import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.strand.grpc.testing.LincheckThreads;
import io.strand.grpc.testing.Message;
import org.jetbrains.lincheck.Lincheck;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * Tries the interleavings of the end of a body and a receiver on another thread, who
 * delivers through the {@link Pump}: once the call's thread goes on, nobody else
 * delivers.
 */
@Tag("lincheck")
class PumpLincheckTests {

	@Test
	void nobodyDeliversOnceTheCallsThreadGoesOn() {
		Lincheck.runConcurrentTest(150, () -> {
			Callback callback = new Callback();
			Pump pump = new Pump(new PlayedCall(callback).call());
			LincheckThreads.run(new CallThread(pump, callback), new Receiving(pump));
			if (callback.disturbed) {
				throw new IllegalStateException("A callback ran beside the call's thread");
			}
		});
	}

	/** The first event of a call is its start. */
	private static final class Callback implements ServerCallHandler<Message, Message> {

		private volatile boolean bodyIsOver;

		private volatile boolean running;

		private volatile boolean disturbed;

		@Override
		public ServerCall.Listener<Message> startCall(ServerCall<Message, Message> call, Metadata headers) {
			this.running = true;
			this.disturbed |= this.bodyIsOver;
			this.running = false;
			return new ServerCall.Listener<>() {
			};
		}

		void goOn() {
			this.bodyIsOver = true;
			this.disturbed |= this.running;
		}

	}

	private static final class CallThread extends Thread {

		private final Pump pump;

		private final Callback callback;

		CallThread(Pump pump, Callback callback) {
			this.pump = pump;
			this.callback = callback;
		}

		@Override
		public void run() {
			this.pump.run(() -> {
			});
			this.callback.goOn();
		}

	}

	private static final class Receiving extends Thread {

		private final Pump pump;

		Receiving(Pump pump) {
			this.pump = pump;
		}

		@Override
		public void run() {
			this.pump.deliver();
		}

	}

}
