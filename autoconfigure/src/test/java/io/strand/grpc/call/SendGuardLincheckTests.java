package io.strand.grpc.call;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

import io.grpc.Status;
import io.grpc.netty.shaded.io.netty.util.concurrent.FastThreadLocalThread;
import io.strand.grpc.testing.LincheckThreads;
import org.jetbrains.lincheck.Lincheck;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * Tries the interleavings of ends and sends in {@link SendGuard}: one end wins, and what
 * was accepted before it is sent before it.
 */
@Tag("lincheck")
class SendGuardLincheckTests {

	@Test
	void oneOfRacingEndsWins() {
		Lincheck.runConcurrentTest(600, () -> {
			Transport transport = new Transport();
			AtomicInteger won = new AtomicInteger();
			LincheckThreads.run(() -> transport.attempt(() -> transport.end("completed", false), won),
					() -> transport.attempt(() -> transport.end("failed", true), won));
			check(won.get() == 1 && transport.sent.size() == 1, "%d won, sent %s".formatted(won.get(), transport.sent));
		});
	}

	@Test
	void whatAnEventLoopWasAllowedToSendIsSentBeforeTheEnd() {
		Lincheck.runConcurrentTest(600, () -> {
			Transport transport = new Transport();
			AtomicInteger accepted = new AtomicInteger();
			AtomicInteger won = new AtomicInteger();
			LincheckThreads.run(new FastThreadLocalThread(
					() -> transport.attempt(() -> transport.send(() -> transport.sent.add("a"), true), accepted)),
					new Thread(() -> transport.attempt(() -> transport.end("completed", false), won)));
			List<String> expected = (accepted.get() == 1) ? List.of("a", "completed") : List.of("completed");
			check(won.get() == 1 && transport.sent.equals(expected),
					"Accepted %d, sent %s".formatted(accepted.get(), transport.sent));
		});
	}

	private static void check(boolean holds, String message) {
		if (!holds) {
			throw new IllegalStateException(message);
		}
	}

	private static final class Transport extends SendGuard {

		/** Guarded by the guard, which is what is tested. */
		private final List<String> sent = new ArrayList<>();

		Transport() {
			super(ConcurrentSend.SERIALIZE, 4, TimeUnit.HOURS.toNanos(1));
		}

		void end(String how, boolean error) {
			end(how, error, () -> this.sent.add(how));
		}

		void attempt(Runnable operation, AtomicInteger succeeded) {
			try {
				operation.run();
				succeeded.incrementAndGet();
			}
			catch (IllegalStateException ex) {
				// Refused
			}
		}

		@Override
		boolean isReady() {
			return true;
		}

		@Override
		@Nullable Status cancellation() {
			return null;
		}

		@Override
		String describe() {
			return "test call";
		}

	}

}
