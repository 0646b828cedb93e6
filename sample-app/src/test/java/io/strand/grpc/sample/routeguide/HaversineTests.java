package io.strand.grpc.sample.routeguide;

import io.strand.grpc.sample.proto.Point;
import org.junit.jupiter.api.Test;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

class HaversineTests {

	@Test
	void aPointIsAtNoDistanceFromItself() {
		assertThat(Haversine.metres(point(52.52, 13.405), point(52.52, 13.405))).isZero();
	}

	@Test
	void oneDegreeOfLatitudeIsTheSameEverywhere() {
		double expected = Math.PI * 6_371_000 / 180;
		assertThat(Haversine.metres(point(0, 0), point(1, 0))).isCloseTo(expected, within(0.01));
		assertThat(Haversine.metres(point(70, 100), point(71, 100))).isCloseTo(expected, within(0.01));
	}

	@Test
	void aDegreeOfLongitudeShrinksTowardsThePoles() {
		assertThat(Haversine.metres(point(0, 0), point(0, 1))).isCloseTo(111_194.9, within(0.1));
		assertThat(Haversine.metres(point(60, 0), point(60, 1))).isCloseTo(55_596, within(5.0));
		assertThat(Haversine.metres(point(90, 0), point(90, 90))).isCloseTo(0, within(0.01));
	}

	@Test
	void antipodesAreHalfTheCircumferenceApart() {
		assertThat(Haversine.metres(point(0, -90), point(0, 90))).isCloseTo(Math.PI * 6_371_000, within(0.01));
		assertThat(Haversine.metres(point(90, 0), point(-90, 0))).isCloseTo(Math.PI * 6_371_000, within(0.01));
	}

	@Test
	void distancesOfCitiesAreAsPublished() {
		assertThat(Haversine.metres(point(52.52, 13.405), point(48.8566, 2.3522))).isCloseTo(877_460, within(100.0));
		assertThat(Haversine.metres(point(51.5074, -0.1278), point(40.7128, -74.0060))).isCloseTo(5_570_220,
				within(100.0));
	}

	@Test
	void theShortWayCrossesTheDateLine() {
		assertThat(Haversine.metres(point(0, 179.5), point(0, -179.5))).isCloseTo(111_194.9, within(0.1));
	}

	private static Point point(double latitude, double longitude) {
		return Point.newBuilder()
			.setLatitude((int) Math.rint(latitude * 1e7))
			.setLongitude((int) Math.rint(longitude * 1e7))
			.build();
	}

}
