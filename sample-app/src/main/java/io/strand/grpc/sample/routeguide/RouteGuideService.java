package io.strand.grpc.sample.routeguide;

import io.grpc.stub.StreamObserver;
import io.strand.grpc.sample.proto.Feature;
import io.strand.grpc.sample.proto.Point;
import io.strand.grpc.sample.proto.Rectangle;
import io.strand.grpc.sample.proto.RouteGuideGrpc;
import io.strand.grpc.sample.proto.RouteNote;
import io.strand.grpc.sample.proto.RouteSummary;
import io.strand.grpc.service.GrpcService;

/**
 * Guides through the places it knows. All calls share the places, which do not change,
 * and the notes, which look after themselves.
 */
@GrpcService
class RouteGuideService extends RouteGuideGrpc.RouteGuideImplBase {

	private final Places places;

	private final RouteNotes notes;

	RouteGuideService(Places places, RouteNotes notes) {
		this.places = places;
		this.notes = notes;
	}

	@Override
	public void getFeature(Point location, StreamObserver<Feature> out) {
		out.onNext(this.places.at(location));
		out.onCompleted();
	}

	@Override
	public void listFeatures(Rectangle area, StreamObserver<Feature> out) {
		this.places.within(area).forEach(out::onNext);
		out.onCompleted();
	}

	@Override
	public StreamObserver<Point> recordRoute(StreamObserver<RouteSummary> out) {
		return new RouteRecorder(this.places, out);
	}

	@Override
	public StreamObserver<RouteNote> routeChat(StreamObserver<RouteNote> out) {
		return new RouteChatter(this.notes, out);
	}

}
