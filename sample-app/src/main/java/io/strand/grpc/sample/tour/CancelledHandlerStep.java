package io.strand.grpc.sample.tour;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;

import io.strand.grpc.sample.concierge.MeetingPoint;
import io.strand.grpc.sample.proto.ConciergeGrpc;
import io.strand.grpc.sample.proto.MeetUpReply;

import org.springframework.core.annotation.Order;
import org.springframework.stereotype.Component;

/**
 * Cancels a call whose handler blocks, and looks when the handler ends and what ended it:
 * an interrupt (H3), or its own patience.
 */
@Component
@Order(9)
class CancelledHandlerStep implements TourStep {

	private static final Duration PATIENCE = Duration.ofMillis(1500);

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
		return "A cancelled call whose handler blocks";
	}

	@Override
	public String contract() {
		return "H3";
	}

	@Override
	public Finding take() throws Exception {
		int waiting = this.meetingPoint.waiting();
		int interrupted = this.meetingPoint.interrupted();
		Future<MeetUpReply> answer = this.concierge.withDeadlineAfter(LIMIT.toSeconds(), TimeUnit.SECONDS)
			.meetUp(MeetUps.newParty(2, PATIENCE));
		Waiting.until("the handler to block", LIMIT, () -> this.meetingPoint.waiting() > waiting);
		long start = System.nanoTime();
		answer.cancel(true);
		Waiting.until("the handler to end", LIMIT, () -> this.meetingPoint.waiting() <= waiting);
		Duration time = Duration.ofNanos(System.nanoTime() - start);
		int interrupts = this.meetingPoint.interrupted() - interrupted;
		boolean asPromised = interrupts == 1 && time.compareTo(PROMISED) <= 0;
		return new Finding(
				"A handler waited for a guest who never came, with a patience of %d ms. The caller cancelled at once."
					.formatted(PATIENCE.toMillis()),
				List.of(Figure.time("the handler went on after the caller had left", time),
						Figure.count("interrupts that its thread got", interrupts)),
				asPromised ? "A cancelled call interrupts its handler."
						: ("Plain gRPC tells only a handler that asks: one that blocks works on for"
								+ " nobody. With part 2 its thread is interrupted within %d ms.")
							.formatted(PROMISED.toMillis()),
				asPromised ? Verdict.HOLDS : Verdict.NOT_YET);
	}

}
