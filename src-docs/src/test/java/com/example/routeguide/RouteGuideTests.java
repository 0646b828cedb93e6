package com.example.routeguide;

import java.util.List;

import org.junit.jupiter.api.Test;

import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.test.context.SpringBootTest;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * The guide's page for those who come from gRPC-go.
 */
@SpringBootTest(properties = { "strand.server.port=0", "strand.client.channels.default.stream-deadline=20s" })
class RouteGuideTests {

	@Autowired
	RouteGuideClient client;

	@Test
	void features() throws Exception {
		assertThat(this.client.feature(Features.point(10, 10)).getName()).isEqualTo("Mill");
		assertThat(this.client.feature(Features.point(10, 11)).getName()).isEmpty();
		Rectangle area = Rectangle.newBuilder().setLo(Features.point(0, 0)).setHi(Features.point(50, 50)).build();
		assertThat(this.client.names(area)).containsExactly("Mill", "Lake");
	}

	@Test
	void route() {
		RouteSummary summary = this.client
			.walk(List.of(Features.point(10, 10), Features.point(13, 14), Features.point(90, 90)));
		assertThat(summary.getPointCount()).isEqualTo(3);
		assertThat(summary.getFeatureCount()).isEqualTo(2);
		assertThat(summary.getDistance()).isEqualTo(5 + 108);
	}

	@Test
	void chat() throws Exception {
		List<RouteNote> notes = List.of(note("first"), note("second"), note("third"));
		assertThat(this.client.chat(notes)).extracting(RouteNote::getMessage)
			.containsExactly("first", "first", "second");
	}

	private static RouteNote note(String message) {
		return RouteNote.newBuilder().setLocation(Features.point(1, 1)).setMessage(message).build();
	}

}
