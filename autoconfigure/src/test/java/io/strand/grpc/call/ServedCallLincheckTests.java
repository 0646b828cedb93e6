package io.strand.grpc.call;

import java.util.concurrent.atomic.AtomicInteger;

import io.grpc.ServerCall;
import io.strand.grpc.testing.LincheckThreads;
import io.strand.grpc.testing.Message;
import org.jetbrains.lincheck.Lincheck;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * Tries the interleavings of tasks that are registered with a {@link ServedCall} and its
 * end: each runs once, whoever comes first.
 */
@Tag("lincheck")
class ServedCallLincheckTests {

	/** One for all: the test is of what is registered, not of the call. */
	private static final HandlerCall<?, ?> CALL = new PlayedCall((call, headers) -> new ServerCall.Listener<Message>() {
	}).call();

	@Test
	void tasksThatAreRegisteredAtTheSameTimeRunOnceEach() {
		Lincheck.runConcurrentTest(250, () -> {
			ServedCall served = new ServedCall(CALL);
			Registration first = new Registration(served);
			Registration second = new Registration(served);
			LincheckThreads.run(first, second);
			served.ended();
			first.check();
			second.check();
		});
	}

	@Test
	void taskThatIsRegisteredWhenTheCallEndsRunsOnce() {
		Lincheck.runConcurrentTest(250, () -> {
			ServedCall served = new ServedCall(CALL);
			Registration first = new Registration(served);
			first.run();
			Registration second = new Registration(served);
			LincheckThreads.run(second, new Ender(served), new Ender(served));
			first.check();
			second.check();
		});
	}

	@Test
	void theCallIsTheSameForAllWhoAskAtTheSameTime() {
		Lincheck.runConcurrentTest(30, () -> {
			PlayedCall played = new PlayedCall((call, headers) -> new ServerCall.Listener<Message>() {
			});
			Asker first = new Asker(played);
			Asker second = new Asker(played);
			LincheckThreads.run(first, second);
			if (first.served == null || first.served != second.served) {
				throw new IllegalStateException("There are two");
			}
		});
	}

	private static final class Registration extends Thread {

		private final ServedCall served;

		private final AtomicInteger runs = new AtomicInteger();

		Registration(ServedCall served) {
			this.served = served;
		}

		@Override
		public void run() {
			this.served.onEnd(this.runs::incrementAndGet);
		}

		void check() {
			if (this.runs.get() != 1) {
				throw new IllegalStateException("A task ran %d times".formatted(this.runs.get()));
			}
		}

	}

	private static final class Ender extends Thread {

		private final ServedCall served;

		Ender(ServedCall served) {
			this.served = served;
		}

		@Override
		public void run() {
			this.served.ended();
		}

	}

	private static final class Asker extends Thread {

		private final PlayedCall played;

		private ServedCall served;

		Asker(PlayedCall played) {
			this.played = played;
		}

		@Override
		public void run() {
			this.served = this.played.call().call().served();
		}

	}

}
