package io.strand.grpc.autoconfigure.actuate;

import io.grpc.BindableService;
import io.strand.grpc.actuate.GrpcInfoContributor;
import io.strand.grpc.autoconfigure.client.GrpcClientAutoConfiguration;
import io.strand.grpc.autoconfigure.server.GrpcServerAutoConfiguration;
import io.strand.grpc.call.CallEngine;
import io.strand.grpc.client.GrpcChannels;
import io.strand.grpc.server.GrpcServer;

import org.springframework.beans.factory.ObjectProvider;
import org.springframework.boot.actuate.autoconfigure.info.ConditionalOnEnabledInfoContributor;
import org.springframework.boot.actuate.info.InfoContributor;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.context.ApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/**
 * Auto-configuration of what {@code info} says of gRPC.
 */
@AutoConfiguration(after = { GrpcServerAutoConfiguration.class, GrpcClientAutoConfiguration.class })
@ConditionalOnClass({ BindableService.class, InfoContributor.class, ConditionalOnEnabledInfoContributor.class })
public final class GrpcInfoAutoConfiguration {

	/** Apart, since its condition is of a class that may be missing. */
	@Configuration(proxyBeanMethods = false)
	@ConditionalOnEnabledInfoContributor("grpc")
	static class InfoConfiguration {

		@Bean
		@ConditionalOnMissingBean
		GrpcInfoContributor strandGrpcInfoContributor(ApplicationContext context, ObjectProvider<GrpcServer> server,
				ObjectProvider<CallEngine> engine, ObjectProvider<GrpcChannels> channels) {
			return new GrpcInfoContributor(ApplicationServerView.of(context, server, engine),
					new ApplicationChannels(channels.getIfAvailable(), server.getIfAvailable() != null));
		}

	}

}
