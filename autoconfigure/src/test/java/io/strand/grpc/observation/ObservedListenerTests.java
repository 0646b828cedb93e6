package io.strand.grpc.observation;

import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;

import io.grpc.Context;
import io.grpc.Deadline;
import io.grpc.ServerCall;
import io.grpc.Status;
import io.micrometer.core.instrument.binder.grpc.GrpcServerObservationContext;
import io.micrometer.observation.Observation;
import io.strand.grpc.testing.Message;
import io.strand.grpc.testing.SilentServerCall;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Tests for {@link ObservedListener}.
 */
class ObservedListenerTests {

	private final ScheduledExecutorService scheduler = Executors.newScheduledThreadPool(1);

	private final GrpcServerObservationContext observed = new GrpcServerObservationContext((headers, key) -> null);

	private final ObservedListener<Message> listener = new ObservedListener<>(new ServerCall.Listener<>() {
	}, new SilentServerCall<Message, Message>() {
	}, Observation.NOOP, this.observed);

	@AfterEach
	void stop() {
		this.scheduler.shutdownNow();
	}

	@Test
	void cancellationRightBeforeTheDeadlineIsTheDeadline() {
		cancelWith(20);
		assertThat(this.observed.getStatusCode()).isEqualTo(Status.Code.DEADLINE_EXCEEDED);
	}

	@Test
	void cancellationLongBeforeTheDeadlineIsACancellation() {
		cancelWith(21);
		assertThat(this.observed.getStatusCode()).isEqualTo(Status.Code.CANCELLED);
	}

	@Test
	void cancellationWithoutADeadlineIsACancellation() {
		this.listener.onCancel();
		assertThat(this.observed.getStatusCode()).isEqualTo(Status.Code.CANCELLED);
	}

	private void cancelWith(long millisLeft) {
		Deadline deadline = Deadline.after(millisLeft, TimeUnit.MILLISECONDS, new StandingClock());
		Context.current().withDeadline(deadline, this.scheduler).run(this.listener::onCancel);
	}

	private static final class StandingClock extends Deadline.Ticker {

		@Override
		public long nanoTime() {
			return 0;
		}

	}

}
