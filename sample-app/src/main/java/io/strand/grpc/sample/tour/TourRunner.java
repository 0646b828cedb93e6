package io.strand.grpc.sample.tour;

import java.util.Map;

import org.springframework.boot.ApplicationArguments;
import org.springframework.boot.ApplicationRunner;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBooleanProperty;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.core.annotation.Order;
import org.springframework.stereotype.Component;

/**
 * Takes the tour once the application has started: only then does the server serve.
 */
@Component
@ConditionalOnBooleanProperty("sample.tour.enabled")
@Order(0)
class TourRunner implements ApplicationRunner {

	private final Tour tour;

	private final TourProperties properties;

	private final ConfigurableApplicationContext context;

	TourRunner(Tour tour, TourProperties properties, ConfigurableApplicationContext context) {
		this.tour = tour;
		this.properties = properties;
		this.context = context;
	}

	@Override
	public void run(ApplicationArguments args) throws InterruptedException {
		Map<TourStep, Finding> findings = this.tour.take(System.out);
		if (this.properties.exit()) {
			boolean broken = findings.values().stream().anyMatch((finding) -> finding.verdict() == Verdict.BROKEN);
			System.exit(SpringApplication.exit(this.context, () -> broken ? 1 : 0));
		}
	}

}
