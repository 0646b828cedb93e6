package io.strand.grpc.sample.tour;

import java.util.List;
import java.util.concurrent.TimeUnit;

import io.strand.grpc.sample.connection.ServerConnections;
import io.strand.grpc.sample.proto.ConciergeGrpc;
import io.strand.grpc.sample.proto.Point;
import io.strand.grpc.sample.proto.Rectangle;
import io.strand.grpc.sample.proto.VisitPlan;
import io.strand.grpc.sample.proto.VisitRequest;

import org.springframework.core.annotation.Order;
import org.springframework.stereotype.Component;

/**
 * Calls a service whose handler calls the three others and waits for their answers.
 */
@Component
@Order(6)
class VisitStep implements TourStep {

	/** From Lisbon's south-west to Oslo's north-east. */
	private static final Rectangle AREA = Rectangle.newBuilder()
		.setLo(Point.newBuilder().setLatitude(350_000_000).setLongitude(-100_000_000))
		.setHi(Point.newBuilder().setLatitude(600_000_000).setLongitude(200_000_000))
		.build();

	private final ServerConnections connections;

	private final ConciergeGrpc.ConciergeBlockingStub concierge;

	private final TourProperties properties;

	VisitStep(ServerConnections connections, ConciergeGrpc.ConciergeBlockingStub concierge, TourProperties properties) {
		this.connections = connections;
		this.concierge = concierge;
		this.properties = properties;
	}

	@Override
	public String title() {
		return "A service that calls three others";
	}

	@Override
	public String contract() {
		return "C1, C3";
	}

	@Override
	public Finding take() throws Exception {
		int before = this.connections.accepted();
		Crew.Report<VisitPlan> report = Crew.work(this.properties.threads(), this::plan);
		int made = this.connections.accepted() - before;
		VisitPlan plan = report.results().get(0);
		long right = report.results().stream().filter((other) -> other.getWalk().equals(plan.getWalk())).count();
		return new Finding(
				("%d threads asked Concierge/PlanVisit for a walk. Its handler calls Greeter, RouteGuide"
						+ " and Echo through injected stubs, and blocks until it has their answers.")
					.formatted(report.results().size()),
				List.of(Figure.count("visits planned, all the same walk", right),
						Figure.count("stops in the first of them", plan.getStopsCount()),
						Figure.count("kilometres between these, by RouteGuide", plan.getWalk().getDistance() / 1000),
						Figure.time("for all of them", report.time()), Figure.count("connections made for it", made)),
				"Handlers may call and wait like any other code, even calls to their own server on the"
						+ " connection they were called on.",
				Verdict.holdsIf(right == report.results().size() && made == 0));
	}

	private VisitPlan plan(int thread) {
		VisitRequest request = VisitRequest.newBuilder().setVisitor("thread " + thread).setArea(AREA).build();
		return this.concierge.withDeadlineAfter(30, TimeUnit.SECONDS).planVisit(request);
	}

}
