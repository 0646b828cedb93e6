package io.strand.grpc.sample.traveller;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.test.context.SpringBootTest;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

@SpringBootTest(properties = { "strand.server.port=0", "sample.tour.enabled=false", "sample.traveller.every=10ms" })
@ExtendWith(OutputCaptureExtension.class)
class TravellerTests {

	@Autowired
	private Traveller traveller;

	@Test
	void visitsAPlaceOfTheGuide() {
		assertThat(this.traveller.visit()).matches("Hello traveller in .+, one of \\d+ places");
	}

	@Test
	void travelsOnSchedule(CapturedOutput output) {
		await().until(() -> output.getOut().contains("Hello traveller in "));
	}

}
