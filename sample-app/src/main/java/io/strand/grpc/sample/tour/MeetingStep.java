package io.strand.grpc.sample.tour;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;

import io.strand.grpc.sample.proto.ConciergeGrpc;
import io.strand.grpc.sample.proto.MeetUpReply;
import io.strand.grpc.sample.proto.MeetUpRequest;

import org.springframework.core.annotation.Order;
import org.springframework.stereotype.Component;

/**
 * Makes calls of which none can be answered before all of them have reached their
 * handlers. A server that ran one less at a time would never answer.
 */
@Component
@Order(3)
class MeetingStep implements TourStep {

	private static final Duration PATIENCE = Duration.ofSeconds(20);

	private final ConciergeGrpc.ConciergeBlockingStub concierge;

	private final TourProperties properties;

	MeetingStep(ConciergeGrpc.ConciergeBlockingStub concierge, TourProperties properties) {
		this.concierge = concierge;
		this.properties = properties;
	}

	@Override
	public String title() {
		return "Calls that wait for each other";
	}

	@Override
	public String contract() {
		return "C3";
	}

	@Override
	public Finding take() throws Exception {
		int size = this.properties.threads();
		MeetUpRequest party = MeetUps.newParty(size, PATIENCE);
		Crew.Report<MeetUpReply> report = Crew.work(size,
				(number) -> this.concierge.withDeadlineAfter(30, TimeUnit.SECONDS).meetUp(party));
		long arrivals = report.results().stream().map(MeetUpReply::getArrival).distinct().count();
		return new Finding(
				"%d callers of Concierge/MeetUp: the server answers none of them before all have arrived."
					.formatted(size),
				List.of(Figure.count("calls answered", report.results().size()),
						Figure.count("of them arrived as a different number", arrivals),
						Figure.time("until the last had its answer", report.time())),
				"Calls on one connection run in parallel, all of them, not just as many as there are processors.",
				Verdict.holdsIf(arrivals == size));
	}

}
