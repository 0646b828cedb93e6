package io.strand.grpc.autoconfigure.observation;

import io.grpc.BindableService;
import io.micrometer.core.instrument.binder.grpc.GrpcServerObservationConvention;
import io.micrometer.core.instrument.binder.grpc.ObservationGrpcServerInterceptor;
import io.micrometer.observation.ObservationRegistry;
import io.strand.grpc.observation.ServerObservation;
import io.strand.grpc.server.GrpcGlobalServerInterceptor;

import org.springframework.beans.factory.ObjectProvider;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBooleanProperty;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.context.annotation.Bean;
import org.springframework.core.Ordered;
import org.springframework.core.annotation.Order;

/**
 * Auto-configuration of observations of the calls that are served: a timer and, with a
 * tracing bridge, a span for each, which goes on with the trace of the client.
 */
@AutoConfiguration(
		afterName = "org.springframework.boot.micrometer.observation.autoconfigure.ObservationAutoConfiguration")
@ConditionalOnClass({ BindableService.class, ObservationRegistry.class, ObservationGrpcServerInterceptor.class })
@ConditionalOnBooleanProperty(name = { "strand.server.enabled", "strand.server.observation.enabled" },
		matchIfMissing = true)
@ConditionalOnBean(ObservationRegistry.class)
@EnableConfigurationProperties(ServerObservationProperties.class)
public final class GrpcServerObservationAutoConfiguration {

	/**
	 * Outside of security and of all interceptors of the application, so that what they
	 * refuse is seen and what they do is part of the call.
	 */
	@Bean
	@ConditionalOnMissingBean({ ServerObservation.class, ObservationGrpcServerInterceptor.class })
	@GrpcGlobalServerInterceptor
	@Order(Ordered.HIGHEST_PRECEDENCE + 100)
	ServerObservation strandServerObservation(ObservationRegistry registry,
			ObjectProvider<GrpcServerObservationConvention> convention, ServerObservationProperties properties) {
		return new ServerObservation(registry, convention.getIfAvailable(), properties.getExcludedServices());
	}

}
