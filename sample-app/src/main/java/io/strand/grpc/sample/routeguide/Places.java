package io.strand.grpc.sample.routeguide;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

import io.strand.grpc.sample.proto.Feature;
import io.strand.grpc.sample.proto.Point;
import io.strand.grpc.sample.proto.Rectangle;

/**
 * The places that the guide knows. Immutable, and so safe for any number of calls at the
 * same time.
 */
class Places {

	private final Map<Point, Feature> byLocation = new LinkedHashMap<>();

	Places(List<Feature> places) {
		for (Feature place : places) {
			Feature other = this.byLocation.putIfAbsent(place.getLocation(), place);
			if (other != null) {
				throw new IllegalArgumentException(
						"%s and %s are at the same point".formatted(other.getName(), place.getName()));
			}
		}
	}

	List<Feature> all() {
		return List.copyOf(this.byLocation.values());
	}

	/**
	 * The place at a point.
	 * @param location the point
	 * @return the place, or one without a name where there is none
	 */
	Feature at(Point location) {
		return this.byLocation.getOrDefault(location, Feature.newBuilder().setLocation(location).build());
	}

	boolean isAt(Point location) {
		return this.byLocation.containsKey(location);
	}

	List<Feature> within(Rectangle area) {
		return this.byLocation.values().stream().filter((place) -> contains(area, place.getLocation())).toList();
	}

	private static boolean contains(Rectangle area, Point point) {
		return isBetween(area.getLo().getLatitude(), area.getHi().getLatitude(), point.getLatitude())
				&& isBetween(area.getLo().getLongitude(), area.getHi().getLongitude(), point.getLongitude());
	}

	private static boolean isBetween(int oneEnd, int otherEnd, int value) {
		return Math.min(oneEnd, otherEnd) <= value && value <= Math.max(oneEnd, otherEnd);
	}

}
