package com.example.routeguide;

import java.time.Duration;

import io.strand.grpc.service.GrpcService;
import io.strand.grpc.stream.BidiStream;
import io.strand.grpc.stream.ClientStream;
import io.strand.grpc.stream.ServerStream;

// tag::service[]
@GrpcService(RouteGuideGrpc.class)
class RouteGuideService {

	private final Features features;

	private final Notes notes;

	RouteGuideService(Features features, Notes notes) {
		this.features = features;
		this.notes = notes;
	}

	// end::service[]
	// tag::unary[]
	Feature getFeature(Point point) {
		return this.features.at(point).orElseGet(() -> Feature.newBuilder().setLocation(point).build());
	}

	// end::unary[]
	// tag::server-streaming[]
	void listFeatures(Rectangle area, ServerStream<Feature> out) {
		for (Feature feature : this.features.in(area)) {
			out.send(feature);
		}
	}

	// end::server-streaming[]
	// tag::client-streaming[]
	RouteSummary recordRoute(ClientStream<Point> points) {
		long start = System.nanoTime();
		RouteSummary.Builder summary = RouteSummary.newBuilder();
		Point last = null;
		for (Point point : points) {
			summary.setPointCount(summary.getPointCount() + 1);
			if (this.features.at(point).isPresent()) {
				summary.setFeatureCount(summary.getFeatureCount() + 1);
			}
			if (last != null) {
				summary.setDistance(summary.getDistance() + Features.distance(last, point));
			}
			last = point;
		}
		return summary.setElapsedTime((int) Duration.ofNanos(System.nanoTime() - start).toSeconds()).build();
	}

	// end::client-streaming[]
	// tag::bidi[]
	void routeChat(BidiStream<RouteNote, RouteNote> chat) {
		for (RouteNote note : chat) {
			for (RouteNote earlier : this.notes.leave(note)) {
				chat.send(earlier);
			}
		}
	}

	// end::bidi[]
	// tag::service[]

}
// end::service[]
