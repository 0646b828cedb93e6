package com.example.routeguide;

import java.util.List;
import java.util.Optional;

import org.springframework.stereotype.Component;

@Component
class Features {

	private final List<Feature> features = List.of(feature("Mill", 10, 10), feature("Lake", 20, 30),
			feature("Tower", 90, 90));

	private static Feature feature(String name, int latitude, int longitude) {
		return Feature.newBuilder().setName(name).setLocation(point(latitude, longitude)).build();
	}

	static Point point(int latitude, int longitude) {
		return Point.newBuilder().setLatitude(latitude).setLongitude(longitude).build();
	}

	Optional<Feature> at(Point point) {
		return this.features.stream().filter((feature) -> feature.getLocation().equals(point)).findFirst();
	}

	List<Feature> in(Rectangle area) {
		return this.features.stream().filter((feature) -> isIn(area, feature.getLocation())).toList();
	}

	private static boolean isIn(Rectangle area, Point point) {
		return point.getLatitude() >= area.getLo().getLatitude() && point.getLatitude() <= area.getHi().getLatitude()
				&& point.getLongitude() >= area.getLo().getLongitude()
				&& point.getLongitude() <= area.getHi().getLongitude();
	}

	/** In a flat world. */
	static int distance(Point from, Point to) {
		return (int) Math.hypot(to.getLatitude() - from.getLatitude(), to.getLongitude() - from.getLongitude());
	}

}
