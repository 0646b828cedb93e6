package io.strand.grpc.sample.concierge;

import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;

import io.grpc.Status;
import io.grpc.StatusException;
import io.grpc.stub.BlockingClientCall;
import io.strand.grpc.sample.proto.EchoGrpc;
import io.strand.grpc.sample.proto.EchoRequest;
import io.strand.grpc.sample.proto.Feature;
import io.strand.grpc.sample.proto.GreeterGrpc;
import io.strand.grpc.sample.proto.HelloReply;
import io.strand.grpc.sample.proto.HelloRequest;
import io.strand.grpc.sample.proto.Point;
import io.strand.grpc.sample.proto.Rectangle;
import io.strand.grpc.sample.proto.RouteGuideGrpc;
import io.strand.grpc.sample.proto.RouteSummary;
import io.strand.grpc.sample.proto.VisitPlan;
import io.strand.grpc.sample.proto.VisitRequest;

import org.springframework.stereotype.Component;

/**
 * Plans a visit by calls to three services, through stubs of every kind. Thread-safe, as
 * the stubs are: all calls share them, and one connection.
 */
@Component
class VisitPlanner {

	private static final int MOST_STOPS = 10;

	private final GreeterGrpc.GreeterFutureStub greeter;

	private final RouteGuideGrpc.RouteGuideBlockingStub places;

	private final RouteGuideGrpc.RouteGuideBlockingV2Stub walks;

	private final EchoGrpc.EchoBlockingStub echo;

	VisitPlanner(GreeterGrpc.GreeterFutureStub greeter, RouteGuideGrpc.RouteGuideBlockingStub places,
			RouteGuideGrpc.RouteGuideBlockingV2Stub walks, EchoGrpc.EchoBlockingStub echo) {
		this.greeter = greeter;
		this.places = places;
		this.walks = walks;
		this.echo = echo;
	}

	/**
	 * Plans. Blocks until the three services have answered, the deadline passes or the
	 * thread is interrupted.
	 * @param request what is asked for
	 * @return the plan
	 * @throws StatusException if a service could not help, or
	 * {@code StatusRuntimeException}
	 * @throws InterruptedException if interrupted while waiting
	 */
	VisitPlan plan(VisitRequest request) throws StatusException, InterruptedException {
		// The greeting comes while the walk is looked for
		Future<HelloReply> greeting = this.greeter
			.sayHello(HelloRequest.newBuilder().setName(request.getVisitor()).build());
		List<Feature> stops = stops(request.getArea());
		RouteSummary walk = walk(stops);
		String confirmation = "%d stops, %d km".formatted(stops.size(), walk.getDistance() / 1000);
		return VisitPlan.newBuilder()
			.setGreeting(await(greeting).getMessage())
			.addAllStops(stops)
			.setWalk(walk)
			.setConfirmation(
					this.echo.unaryEcho(EchoRequest.newBuilder().setMessage(confirmation).build()).getMessage())
			.build();
	}

	private List<Feature> stops(Rectangle area) {
		List<Feature> stops = new ArrayList<>();
		Iterator<Feature> features = this.places.listFeatures(area);
		while (features.hasNext()) {
			Feature feature = features.next();
			if (stops.size() < MOST_STOPS) {
				stops.add(feature);
			}
		}
		return stops;
	}

	private RouteSummary walk(List<Feature> stops) throws StatusException, InterruptedException {
		BlockingClientCall<Point, RouteSummary> call = this.walks.recordRoute();
		for (Feature stop : stops) {
			call.write(stop.getLocation());
		}
		call.halfClose();
		RouteSummary summary = call.read();
		// The call has ended, and well, once there is nothing more to read
		if (summary == null || call.read() != null) {
			throw Status.INTERNAL.withDescription("The route guide gave no summary, or two").asException();
		}
		return summary;
	}

	private static <T> T await(Future<T> answer) throws StatusException, InterruptedException {
		try {
			return answer.get();
		}
		catch (ExecutionException ex) {
			throw Status.fromThrowable(ex).asException();
		}
	}

}
