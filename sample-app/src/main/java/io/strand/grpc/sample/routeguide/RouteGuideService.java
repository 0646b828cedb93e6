package io.strand.grpc.sample.routeguide;

import java.time.Duration;

import io.strand.grpc.sample.proto.Feature;
import io.strand.grpc.sample.proto.Point;
import io.strand.grpc.sample.proto.Rectangle;
import io.strand.grpc.sample.proto.RouteGuideGrpc;
import io.strand.grpc.sample.proto.RouteNote;
import io.strand.grpc.sample.proto.RouteSummary;
import io.strand.grpc.service.GrpcService;
import io.strand.grpc.stream.BidiStream;
import io.strand.grpc.stream.ClientStream;
import io.strand.grpc.stream.ServerStream;
import org.jspecify.annotations.Nullable;

/**
 * Guides through the places it knows, with a plain method for each kind of rpc. All calls
 * share the places, which do not change, and the notes, which look after themselves; what
 * belongs to one call is a local variable.
 */
// tag::service[]
// tag::quick-look[]
@GrpcService(RouteGuideGrpc.class)
class RouteGuideService {

	// end::quick-look[]
	private final Places places;

	private final RouteNotes notes;

	RouteGuideService(Places places, RouteNotes notes) {
		this.places = places;
		this.notes = notes;
	}

	// tag::get-feature[]
	// tag::quick-look[]
	Feature getFeature(Point location) {
		return this.places.at(location);
	}

	// end::get-feature[]
	// tag::list-features[]
	void listFeatures(Rectangle area, ServerStream<Feature> out) {
		for (Feature place : this.places.within(area)) {
			out.send(place);
		}
	}

	// end::quick-look[]
	// end::list-features[]
	// tag::record-route[]
	RouteSummary recordRoute(ClientStream<Point> route) {
		long start = System.nanoTime();
		int points = 0;
		int features = 0;
		double metres = 0;
		@Nullable Point previous = null;
		for (Point point : route) {
			points++;
			if (this.places.isAt(point)) {
				features++;
			}
			if (previous != null) {
				metres += Haversine.metres(previous, point);
			}
			previous = point;
		}
		return RouteSummary.newBuilder()
			.setPointCount(points)
			.setFeatureCount(features)
			.setDistance((int) Math.rint(metres))
			.setElapsedTime((int) Duration.ofNanos(System.nanoTime() - start).toSeconds())
			.build();
	}

	// end::record-route[]
	// tag::route-chat[]
	// tag::quick-look[]
	void routeChat(BidiStream<RouteNote, RouteNote> chat) {
		for (RouteNote note : chat) {
			this.notes.leave(note).forEach(chat::send);
		}
	}

	// end::route-chat[]

}
// end::quick-look[]
// end::service[]
