package io.strand.grpc.autoconfigure.observation;

import io.grpc.BindableService;
import io.grpc.ServerBuilder;
import io.micrometer.core.instrument.binder.MeterBinder;
import io.strand.grpc.autoconfigure.server.GrpcServerAutoConfiguration;
import io.strand.grpc.call.CallEngine;
import io.strand.grpc.observation.ServerArrivals;
import io.strand.grpc.observation.ServerMeters;
import io.strand.grpc.server.GrpcServer;
import io.strand.grpc.server.GrpcServerBuilderCustomizer;

import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Import;
import org.springframework.core.Ordered;
import org.springframework.core.annotation.Order;

/**
 * Auto-configuration of the meters of the server. Spring Boot binds them to the
 * registries that there are.
 */
@AutoConfiguration(after = GrpcServerAutoConfiguration.class)
@ConditionalOnClass({ BindableService.class, MeterBinder.class })
@ConditionalOnBean(CallEngine.class)
@EnableConfigurationProperties(ServerObservationProperties.class)
@Import(PinnedThreadsConfiguration.class)
public final class GrpcServerMetersAutoConfiguration {

	@Bean
	@ConditionalOnMissingBean
	ServerArrivals strandServerArrivals() {
		return new ServerArrivals();
	}

	/**
	 * First, so that a fallback registry of the application's takes the place of ours.
	 */
	@Bean
	@Order(Ordered.HIGHEST_PRECEDENCE)
	GrpcServerBuilderCustomizer<ServerBuilder<?>> strandServerArrivalsCustomizer(ServerArrivals arrivals) {
		return arrivals::watch;
	}

	@Bean
	@ConditionalOnMissingBean
	ServerMeters strandServerMeters(CallEngine engine, ServerArrivals arrivals, GrpcServer server) {
		return new ServerMeters(engine, arrivals, server::getConnectionCount, server::getRefusedConnectionCount);
	}

}
