package io.strand.grpc.sample.routeguide;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;

import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.StreamObserver;
import io.strand.grpc.sample.Answers;
import io.strand.grpc.sample.SampleTest;
import io.strand.grpc.sample.proto.Feature;
import io.strand.grpc.sample.proto.Point;
import io.strand.grpc.sample.proto.Rectangle;
import io.strand.grpc.sample.proto.RouteGuideGrpc;
import io.strand.grpc.sample.proto.RouteNote;
import io.strand.grpc.sample.proto.RouteSummary;
import org.junit.jupiter.api.Test;

import org.springframework.beans.factory.annotation.Autowired;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.within;

@SampleTest
class RouteGuideServiceTests {

	private static final Point BERLIN = point(525_200_000, 134_050_000);

	private static final Point PARIS = point(488_566_000, 23_522_000);

	private static final Point NOWHERE = point(1, 1);

	@Autowired
	private RouteGuideGrpc.RouteGuideBlockingStub blocking;

	@Autowired
	private RouteGuideGrpc.RouteGuideStub async;

	@Test
	void getFeatureKnowsAPlace() {
		assertThat(this.blocking.getFeature(BERLIN))
			.isEqualTo(Feature.newBuilder().setName("Berlin").setLocation(BERLIN).build());
	}

	@Test
	void getFeatureOfNoPlaceHasNoName() {
		assertThat(this.blocking.getFeature(NOWHERE)).isEqualTo(Feature.newBuilder().setLocation(NOWHERE).build());
	}

	@Test
	void listFeaturesTakesCornersInAnyOrder() {
		Point southWest = point(400_000_000, -750_000_000);
		Point northEast = point(420_000_000, -730_000_000);
		List<String> places = list(southWest, northEast);
		assertThat(places).contains("New York", "Newark").doesNotContain("Boston", "Philadelphia");
		assertThat(list(northEast, southWest)).isEqualTo(places);
	}

	@Test
	void listFeaturesIncludesTheBorder() {
		assertThat(list(BERLIN, BERLIN)).containsExactly("Berlin");
		assertThat(list(NOWHERE, NOWHERE)).isEmpty();
	}

	@Test
	void recordRouteAddsUpTheWay() throws Exception {
		Answers<RouteSummary> answers = new Answers<>();
		StreamObserver<Point> route = this.async.recordRoute(answers);
		List.of(BERLIN, PARIS, NOWHERE, BERLIN).forEach(route::onNext);
		route.onCompleted();
		double metres = Haversine.metres(BERLIN, PARIS) + Haversine.metres(PARIS, NOWHERE)
				+ Haversine.metres(NOWHERE, BERLIN);
		assertThat(answers.await()).singleElement().satisfies((summary) -> {
			assertThat(summary.getPointCount()).isEqualTo(4);
			assertThat(summary.getFeatureCount()).isEqualTo(3);
			assertThat((double) summary.getDistance()).isCloseTo(metres, within(0.5));
			assertThat(summary.getElapsedTime()).isBetween(0, 20);
		});
	}

	@Test
	void recordRouteOfNoPointIsEmpty() throws Exception {
		Answers<RouteSummary> answers = new Answers<>();
		this.async.recordRoute(answers).onCompleted();
		assertThat(answers.await()).containsExactly(RouteSummary.getDefaultInstance());
	}

	@Test
	void routeChatAnswersWithEarlierNotesOfAnyCaller() throws Exception {
		Point here = point(7, 7);
		assertThat(chat(note(here, "one"), note(here, "two"), note(point(7, 8), "elsewhere")))
			.containsExactly(note(here, "one"));
		assertThat(chat(note(here, "three"))).containsExactly(note(here, "one"), note(here, "two"));
	}

	@Test
	void routeChatRefusesALongNote() {
		RouteNote note = note(NOWHERE, "x".repeat(2000));
		assertThatExceptionOfType(ExecutionException.class).isThrownBy(() -> chat(note, note))
			.havingCause()
			.isInstanceOfSatisfying(StatusRuntimeException.class,
					(ex) -> assertThat(ex.getStatus().getCode()).isEqualTo(Status.Code.INVALID_ARGUMENT));
	}

	private List<String> list(Point oneCorner, Point otherCorner) {
		List<String> names = new ArrayList<>();
		this.blocking.listFeatures(Rectangle.newBuilder().setLo(oneCorner).setHi(otherCorner).build())
			.forEachRemaining((place) -> names.add(place.getName()));
		return names;
	}

	private List<RouteNote> chat(RouteNote... notes) throws Exception {
		Answers<RouteNote> answers = new Answers<>();
		StreamObserver<RouteNote> chat = this.async.routeChat(answers);
		List.of(notes).forEach(chat::onNext);
		chat.onCompleted();
		return answers.await();
	}

	private static RouteNote note(Point location, String message) {
		return RouteNote.newBuilder().setLocation(location).setMessage(message).build();
	}

	private static Point point(int latitude, int longitude) {
		return Point.newBuilder().setLatitude(latitude).setLongitude(longitude).build();
	}

}
