package io.strand.grpc.call;

import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.BooleanSupplier;

import io.grpc.ServerCall;
import io.strand.grpc.testing.Message;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Tests for the moments between a receiver's look for news and its park in {@link Pump}:
 * a wake-up that gets lost is a hang. Lincheck is no help here: it wakes parked threads
 * for nothing, so none is lost.
 */
@Timeout(20)
class PumpTests {

	private final PlayedCall played = new PlayedCall((call, headers) -> new ServerCall.Listener<Message>() {
	});

	private final Pump pump = new Pump(this.played.call());

	PumpTests() {
		// Or its start would be news
		this.played.call().handlerRun().deliver();
	}

	@Test
	void aWakeUpThatComesJustAfterTheLookEndsTheWait() {
		await(() -> {
			this.pump.wake();
			return false;
		});
	}

	@Test
	void theEndOfTheBodyThatComesJustAfterTheLookEndsTheWait() {
		await(() -> {
			this.pump.run(() -> {
			});
			return false;
		});
		assertThat(this.pump.isOver()).isTrue();
	}

	@Test
	void whoFindsTheBodyOverDoesNotWait() {
		this.pump.run(() -> {
		});
		await(() -> false);
	}

	@Test
	void whoFindsAnEventOfTheCallDoesNotWait() {
		this.played.call().mailbox().put(Mailbox.READY);
		await(() -> false);
	}

	@Test
	void whoHasNewsDoesNotWait() {
		await(() -> true);
	}

	@Test
	void theWaitIsSeenWhileItLasts() {
		AtomicBoolean seen = new AtomicBoolean();
		long before = System.nanoTime();
		await(() -> {
			seen.set(this.pump.isWaiting() && this.pump.waitingSince() - before >= 0);
			return true;
		});
		assertThat(seen).isTrue();
		assertThat(this.pump.isWaiting()).isFalse();
	}

	private void await(BooleanSupplier hasNews) {
		this.pump.await(hasNews, Long.MAX_VALUE);
	}

}
