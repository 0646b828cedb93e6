package io.strand.grpc.sample.routeguide;

import java.nio.charset.StandardCharsets;
import java.util.List;

import io.strand.grpc.sample.proto.Feature;
import org.junit.jupiter.api.Test;

import org.springframework.core.io.ByteArrayResource;
import org.springframework.core.io.ClassPathResource;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

class PlacesReaderTests {

	@Test
	void readsTheSamplesPlaces() {
		List<Feature> places = new PlacesReader(new ClassPathResource("places.csv")).read().all();
		assertThat(places).hasSizeGreaterThanOrEqualTo(100);
		assertThat(places).extracting(Feature::getName).doesNotHaveDuplicates();
		assertThat(places).extracting(Feature::getLocation).doesNotHaveDuplicates();
	}

	@Test
	void skipsCommentsAndEmptyLines() {
		assertThat(read("# a comment\n\nHere, 1, -2\n").all()).singleElement().satisfies((place) -> {
			assertThat(place.getName()).isEqualTo("Here");
			assertThat(place.getLocation().getLatitude()).isEqualTo(1);
			assertThat(place.getLocation().getLongitude()).isEqualTo(-2);
		});
	}

	@Test
	void whenAFieldIsMissingThenNamesTheLine() {
		assertThatIllegalStateException().isThrownBy(() -> read("Here,1,2\nThere,1\n"))
			.withMessageContaining("line 2")
			.withMessageContaining("'There,1' is not name,latitude,longitude");
	}

	@Test
	void whenANumberIsNoneThenNamesIt() {
		assertThatIllegalStateException().isThrownBy(() -> read("Here,1.5,2"))
			.withMessageContaining("latitude '1.5' is not a whole number");
	}

	@Test
	void whenANumberIsOutOfRangeThenNamesIt() {
		assertThatIllegalStateException().isThrownBy(() -> read("Here,0,1800000001"))
			.withMessageContaining("longitude 1800000001 is not within 180 degrees");
	}

	@Test
	void whenTwoPlacesAreAtOnePointThenNamesBoth() {
		assertThatIllegalStateException().isThrownBy(() -> read("Here,1,2\nThere,1,2"))
			.withMessageContaining("Here and There are at the same point");
	}

	private static Places read(String lines) {
		return new PlacesReader(new ByteArrayResource(lines.getBytes(StandardCharsets.UTF_8))).read();
	}

}
