package io.strand.grpc.sample.tour;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

import io.strand.grpc.sample.concierge.MeetingPoint;
import io.strand.grpc.sample.proto.ConciergeGrpc;
import io.strand.grpc.sample.proto.MeetUpReply;

import org.springframework.core.annotation.Order;
import org.springframework.stereotype.Component;

/**
 * Cancels calls whose handlers block, and looks when each handler ends and what ended it:
 * an interrupt (H3), or its own patience.
 */
@Component
@Order(9)
class CancelledHandlerStep implements TourStep {

	private static final int CALLS = 10;

	private static final Duration PATIENCE = Duration.ofSeconds(8);

	private static final Duration PROMISED = Duration.ofMillis(100);

	private static final Duration LIMIT = Duration.ofSeconds(10);

	private final MeetingPoint meetingPoint;

	private final ConciergeGrpc.ConciergeFutureStub concierge;

	CancelledHandlerStep(MeetingPoint meetingPoint, ConciergeGrpc.ConciergeFutureStub concierge) {
		this.meetingPoint = meetingPoint;
		this.concierge = concierge;
	}

	@Override
	public String title() {
		return "Cancelled calls whose handlers block";
	}

	@Override
	public String contract() {
		return "H3";
	}

	@Override
	public Finding take() throws Exception {
		int interrupted = this.meetingPoint.interrupted();
		List<Duration> each = new ArrayList<>();
		for (int i = 0; i < CALLS; i++) {
			each.add(cancelOne());
		}
		Latencies times = Latencies.of(each);
		int interrupts = this.meetingPoint.interrupted() - interrupted;
		return new Finding(
				("%d handlers, one after the other, waited for a guest who never came, with a patience of"
						+ " %d ms. Each caller cancelled as soon as its handler was blocked.")
					.formatted(CALLS, PATIENCE.toMillis()),
				List.of(Figure.count("handlers that were interrupted", interrupts),
						Figure.time("a handler went on after its caller had left, median", times.median()),
						Figure.time("the longest of them", times.percentile(100))),
				"A cancelled call interrupts its handler: nobody works on for a caller who has left.",
				Verdict.holdsIf(interrupts == CALLS && times.median().compareTo(PROMISED) <= 0));
	}

	private Duration cancelOne() throws InterruptedException, TimeoutException {
		int waiting = this.meetingPoint.waiting();
		Future<MeetUpReply> answer = this.concierge.withDeadlineAfter(LIMIT.toSeconds(), TimeUnit.SECONDS)
			.meetUp(MeetUps.newParty(2, PATIENCE));
		Waiting.until("the handler to block", LIMIT, () -> this.meetingPoint.waiting() > waiting);
		long start = System.nanoTime();
		answer.cancel(true);
		Waiting.until("the handler to end", LIMIT, () -> this.meetingPoint.waiting() <= waiting);
		return Duration.ofNanos(System.nanoTime() - start);
	}

}
