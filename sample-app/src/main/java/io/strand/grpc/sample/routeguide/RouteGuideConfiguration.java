package io.strand.grpc.sample.routeguide;

import org.springframework.beans.factory.annotation.Value;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.io.Resource;

/**
 * What the guide knows when the application starts.
 */
@Configuration(proxyBeanMethods = false)
class RouteGuideConfiguration {

	@Bean
	Places places(@Value("classpath:places.csv") Resource file) {
		return new PlacesReader(file).read();
	}

	@Bean
	RouteNotes routeNotes() {
		return new RouteNotes();
	}

}
