package io.strand.grpc.sample.routeguide;

import java.time.Duration;

import io.grpc.stub.StreamObserver;
import io.strand.grpc.sample.proto.Point;
import io.strand.grpc.sample.proto.RouteSummary;
import org.jspecify.annotations.Nullable;

/**
 * One call of {@code RecordRoute}: adds up the points of a walk. gRPC calls it one point
 * after the other, so that it needs no lock.
 */
class RouteRecorder implements StreamObserver<Point> {

	private final Places places;

	private final StreamObserver<RouteSummary> out;

	private final long start = System.nanoTime();

	private int points;

	private int features;

	private double metres;

	private @Nullable Point previous;

	RouteRecorder(Places places, StreamObserver<RouteSummary> out) {
		this.places = places;
		this.out = out;
	}

	@Override
	public void onNext(Point point) {
		this.points++;
		if (this.places.isAt(point)) {
			this.features++;
		}
		if (this.previous != null) {
			this.metres += Haversine.metres(this.previous, point);
		}
		this.previous = point;
	}

	@Override
	public void onError(Throwable ex) {
		// The client is gone: nobody is left to answer
	}

	@Override
	public void onCompleted() {
		this.out.onNext(RouteSummary.newBuilder()
			.setPointCount(this.points)
			.setFeatureCount(this.features)
			.setDistance((int) Math.rint(this.metres))
			.setElapsedTime((int) Duration.ofNanos(System.nanoTime() - this.start).toSeconds())
			.build());
		this.out.onCompleted();
	}

}
