package io.strand.grpc.call;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;

import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.shaded.io.netty.util.concurrent.FastThreadLocalThread;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

/**
 * Tests for moments of {@link SendGuard} that races seldom meet. At one step of the guard
 * the transport does what another thread would do just then. Its timed look is an hour
 * away, so a wake-up that gets lost is a hang.
 */
@Timeout(20)
class SendGuardStepTests {

	private final SteppedTransport transport = new SteppedTransport();

	@ParameterizedTest
	@ValueSource(ints = { 1, 2 })
	void readinessThatComesJustAfterALookWakesTheSender(int look) {
		this.transport.afterReadyLook = (looks) -> {
			if (looks == look) {
				this.transport.ready = true;
				this.transport.wake();
			}
		};
		this.transport.send("a");
		assertThat(this.transport.sent).containsExactly("a");
	}

	@ParameterizedTest
	@ValueSource(ints = { 1, 2 })
	void cancelThatComesJustAfterALookWakesTheSender(int look) {
		this.transport.afterCancelLook = (looks) -> {
			if (looks == look) {
				this.transport.cancelled = Status.DEADLINE_EXCEEDED;
				this.transport.wake();
			}
		};
		assertThatExceptionOfType(StatusRuntimeException.class).isThrownBy(() -> this.transport.send("a"))
			.satisfies((ex) -> assertThat(ex.getStatus().getCode()).isEqualTo(Status.Code.DEADLINE_EXCEEDED));
		assertThat(this.transport.sent).isEmpty();
	}

	@Test
	void errorThatComesJustAfterALookWakesTheSender() throws Exception {
		FutureTask<?> error = new FutureTask<>(() -> this.transport.end("error", true), null);
		this.transport.afterCancelLook = (looks) -> {
			if (looks == 2) {
				Thread thread = new Thread(error);
				thread.start();
				// It has woken the sender and waits for the lock
				while (thread.getState() != Thread.State.WAITING) {
					Thread.onSpinWait(); // parking here would use up the wake-up
				}
			}
		};
		assertThatExceptionOfType(StatusRuntimeException.class).isThrownBy(() -> this.transport.send("a"))
			.withMessageContaining("was error by thread");
		error.get(5, TimeUnit.SECONDS);
		assertThat(this.transport.sent).containsExactly("error");
	}

	@Test
	void endInsteadOfAnotherGivesWayToOneThatWaitsForTheLock() throws Exception {
		FutureTask<?> error = new FutureTask<>(() -> this.transport.end("error", true), null);
		this.transport.ready = true;
		this.transport.guardedSend(() -> {
			Thread thread = new Thread(error);
			thread.start();
			while (thread.getState() != Thread.State.WAITING) {
				Thread.onSpinWait();
			}
			this.transport.endInstead("instead");
		});
		error.get(5, TimeUnit.SECONDS);
		assertThat(this.transport.sent).containsExactly("error");
	}

	@Test
	void endInsteadOfOneThatWentNoFurtherIsTheEnd() {
		this.transport.ready = true;
		this.transport.guardedEnd("kept by an interceptor", () -> {
		});
		this.transport.endInstead("instead");
		assertThat(this.transport.sent).containsExactly("instead");
	}

	@Test
	void endInsteadOfNoneIsTheEnd() {
		this.transport.endInstead("instead");
		assertThat(this.transport.sent).containsExactly("instead");
		assertThatExceptionOfType(IllegalStateException.class).isThrownBy(() -> this.transport.end("second", true))
			.withMessageContaining("was already instead");
	}

	@ParameterizedTest
	@ValueSource(booleans = { false, true })
	void whatAnEventLoopQueuedGoesBeforeAnEndFromInsideASend(boolean error) {
		assertQueuedGoesBefore(() -> this.transport.end("end", error));
	}

	@ParameterizedTest
	@ValueSource(booleans = { false, true })
	void whatAnEventLoopQueuedGoesBeforeAnEndOfAnInterceptorFromInsideASend(boolean error) {
		assertQueuedGoesBefore(() -> this.transport.endDirectly("end", error));
	}

	/**
	 * An end from inside a send finds the lock taken by its own thread, and so does not
	 * empty the queue on taking it.
	 */
	private void assertQueuedGoesBefore(Runnable end) {
		this.transport.ready = true;
		this.transport.guardedSend(() -> {
			onEventLoop(() -> this.transport.send("queued"));
			end.run();
		});
		assertThat(this.transport.sent).containsExactly("queued", "end");
	}

	private static void onEventLoop(Runnable task) {
		FutureTask<?> done = new FutureTask<>(task, null);
		new FastThreadLocalThread(done).start();
		try {
			done.get(5, TimeUnit.SECONDS);
		}
		catch (Exception ex) {
			throw new IllegalStateException(ex);
		}
	}

	/** What happens after so many looks. */
	@FunctionalInterface
	private interface Step {

		void after(int looks);

	}

	private static final class SteppedTransport extends SendGuard {

		private final List<String> sent = Collections.synchronizedList(new ArrayList<>());

		private volatile Step afterReadyLook = (looks) -> {
		};

		private volatile Step afterCancelLook = (looks) -> {
		};

		private volatile boolean ready;

		private volatile @Nullable Status cancelled;

		private int readyLooks;

		private int cancelLooks;

		SteppedTransport() {
			super(ConcurrentSend.SERIALIZE, 4, TimeUnit.HOURS.toNanos(1));
		}

		void send(String message) {
			guardedSend(() -> this.sent.add(message));
		}

		void guardedSend(Runnable transmit) {
			super.send(transmit, true);
		}

		void end(String how, boolean error) {
			end(how, error, () -> this.sent.add(how));
		}

		void guardedEnd(String how, Runnable transmit) {
			end(how, true, transmit);
		}

		void endInstead(String how) {
			endInstead(how, () -> this.sent.add(how));
		}

		void endDirectly(String how, boolean error) {
			endDirectly(how, error, () -> this.sent.add(how));
		}

		@Override
		boolean isReady() {
			boolean seen = this.ready;
			this.afterReadyLook.after(++this.readyLooks);
			return seen;
		}

		@Override
		@Nullable Status cancellation() {
			Status seen = this.cancelled;
			this.afterCancelLook.after(++this.cancelLooks);
			return seen;
		}

		@Override
		String describe() {
			return "test call";
		}

	}

}
