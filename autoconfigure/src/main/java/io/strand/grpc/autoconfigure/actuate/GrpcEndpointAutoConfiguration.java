package io.strand.grpc.autoconfigure.actuate;

import io.grpc.BindableService;
import io.strand.grpc.actuate.GrpcEndpoint;
import io.strand.grpc.autoconfigure.client.GrpcClientAutoConfiguration;
import io.strand.grpc.autoconfigure.server.GrpcServerAutoConfiguration;
import io.strand.grpc.call.CallEngine;
import io.strand.grpc.client.GrpcChannels;
import io.strand.grpc.server.GrpcServer;

import org.springframework.beans.factory.ObjectProvider;
import org.springframework.boot.actuate.autoconfigure.endpoint.condition.ConditionalOnAvailableEndpoint;
import org.springframework.boot.actuate.endpoint.annotation.Endpoint;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.context.ApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/**
 * Auto-configuration of the endpoint {@code grpc}.
 */
@AutoConfiguration(after = { GrpcServerAutoConfiguration.class, GrpcClientAutoConfiguration.class })
@ConditionalOnClass({ BindableService.class, Endpoint.class, ConditionalOnAvailableEndpoint.class })
public final class GrpcEndpointAutoConfiguration {

	/** Apart, since its condition is of a class that may be missing. */
	@Configuration(proxyBeanMethods = false)
	@ConditionalOnAvailableEndpoint(GrpcEndpoint.class)
	static class EndpointConfiguration {

		@Bean
		@ConditionalOnMissingBean
		GrpcEndpoint strandGrpcEndpoint(ApplicationContext context, ObjectProvider<GrpcServer> server,
				ObjectProvider<CallEngine> engine, ObjectProvider<GrpcChannels> channels) {
			return new GrpcEndpoint(ApplicationServerView.of(context, server, engine),
					new ApplicationChannels(channels.getIfAvailable(), server.getIfAvailable() != null));
		}

	}

}
