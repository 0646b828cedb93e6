package io.strand.grpc.sample.routeguide;

import io.strand.grpc.sample.proto.Point;

/**
 * Distances on a sphere of the size of the Earth, by the haversine formula.
 */
final class Haversine {

	private static final double EARTH_RADIUS_METRES = 6_371_000;

	private static final double UNITS_PER_DEGREE = 1e7;

	private Haversine() {
	}

	static double metres(Point from, Point to) {
		double fromLatitude = radians(from.getLatitude());
		double toLatitude = radians(to.getLatitude());
		double northward = Math.sin((toLatitude - fromLatitude) / 2);
		double eastward = Math.sin((radians(to.getLongitude()) - radians(from.getLongitude())) / 2);
		double a = northward * northward + Math.cos(fromLatitude) * Math.cos(toLatitude) * eastward * eastward;
		return 2 * EARTH_RADIUS_METRES * Math.atan2(Math.sqrt(a), Math.sqrt(1 - a));
	}

	private static double radians(int units) {
		return Math.toRadians(units / UNITS_PER_DEGREE);
	}

}
