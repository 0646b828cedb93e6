package io.strand.grpc.sample.concierge;

import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

import io.grpc.Status;
import io.grpc.StatusException;
import org.junit.jupiter.api.Test;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.awaitility.Awaitility.await;

class MeetingPointTests {

	private static final Duration LONG = Duration.ofSeconds(20);

	private final MeetingPoint meetingPoint = new MeetingPoint();

	@Test
	void countsThoseWhoWait() throws Exception {
		Guest guest = new Guest("pair", 2);
		await().until(() -> this.meetingPoint.waiting() == 1);
		assertThat(this.meetingPoint.meet("pair", 2, LONG)).isEqualTo(2);
		assertThat(guest.result()).isEqualTo(1);
		assertThat(this.meetingPoint.waiting()).isZero();
	}

	@Test
	void whenInterruptedThenLeavesItsPlace() throws Exception {
		Guest guest = new Guest("pair", 2);
		await().until(() -> this.meetingPoint.waiting() == 1);
		guest.thread.interrupt();
		assertThat(guest.result()).isInstanceOf(InterruptedException.class);
		assertThat(this.meetingPoint.interrupted()).isEqualTo(1);
		Guest first = new Guest("pair", 2);
		await().until(() -> this.meetingPoint.waiting() == 1);
		assertThat(this.meetingPoint.meet("pair", 2, LONG)).isEqualTo(2);
		assertThat(first.result()).isEqualTo(1);
	}

	@Test
	void whenOutOfPatienceThenLeavesItsPlace() {
		assertRefused(Status.Code.DEADLINE_EXCEEDED, "pair", 2);
		// were the place still taken, this would complete the party
		assertRefused(Status.Code.DEADLINE_EXCEEDED, "pair", 2);
	}

	@Test
	void refusesAnotherSizeOfTheSameParty() throws Exception {
		Guest guest = new Guest("pair", 2);
		await().until(() -> this.meetingPoint.waiting() == 1);
		assertRefused(Status.Code.INVALID_ARGUMENT, "pair", 3);
		this.meetingPoint.meet("pair", 2, LONG);
		assertThat(guest.result()).isEqualTo(1);
	}

	@Test
	void refusesTooMuchPatience() {
		assertThatExceptionOfType(StatusException.class)
			.isThrownBy(() -> this.meetingPoint.meet("pair", 2, Duration.ofHours(1)))
			.withMessageContaining("60000 ms");
	}

	private void assertRefused(Status.Code code, String party, int size) {
		assertThatExceptionOfType(StatusException.class)
			.isThrownBy(() -> this.meetingPoint.meet(party, size, Duration.ofMillis(10)))
			.satisfies((ex) -> assertThat(ex.getStatus().getCode()).isEqualTo(code));
	}

	/**
	 * Somebody who waits on a thread of their own.
	 */
	private final class Guest {

		private final CompletableFuture<Object> result = new CompletableFuture<>();

		private final Thread thread;

		Guest(String party, int size) {
			this.thread = new Thread(() -> {
				try {
					this.result.complete(MeetingPointTests.this.meetingPoint.meet(party, size, LONG));
				}
				catch (StatusException | InterruptedException ex) {
					this.result.complete(ex);
				}
			});
			this.thread.start();
		}

		Object result() throws Exception {
			return this.result.get(20, TimeUnit.SECONDS);
		}

	}

}
