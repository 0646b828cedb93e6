package io.strand.grpc.sample.traveller;

import io.strand.grpc.sample.proto.GreeterGrpc;
import io.strand.grpc.sample.proto.RouteGuideGrpc;

import org.springframework.boot.autoconfigure.condition.ConditionalOnBooleanProperty;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.scheduling.annotation.EnableScheduling;

/**
 * Sends the traveller on a journey, unless {@code sample.traveller.enabled} is false.
 */
@Configuration(proxyBeanMethods = false)
@ConditionalOnBooleanProperty("sample.traveller.enabled")
@EnableScheduling
class TravellerConfiguration {

	@Bean
	Traveller traveller(RouteGuideGrpc.RouteGuideBlockingStub guide, GreeterGrpc.GreeterBlockingStub greeter) {
		return new Traveller(guide, greeter);
	}

}
