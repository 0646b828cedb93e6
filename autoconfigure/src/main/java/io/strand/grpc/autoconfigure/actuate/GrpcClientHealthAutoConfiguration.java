package io.strand.grpc.autoconfigure.actuate;

import io.grpc.stub.AbstractStub;
import io.strand.grpc.actuate.ChannelsHealthIndicator;
import io.strand.grpc.autoconfigure.client.GrpcClientAutoConfiguration;
import io.strand.grpc.autoconfigure.server.GrpcServerAutoConfiguration;
import io.strand.grpc.client.GrpcChannels;
import io.strand.grpc.server.GrpcServer;

import org.springframework.beans.factory.ObjectProvider;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBooleanProperty;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.boot.health.contributor.HealthIndicator;
import org.springframework.context.annotation.Bean;

/**
 * Auto-configuration of the health of channels, where it is asked for.
 */
@AutoConfiguration(after = { GrpcServerAutoConfiguration.class, GrpcClientAutoConfiguration.class })
@ConditionalOnClass({ AbstractStub.class, HealthIndicator.class })
@ConditionalOnBooleanProperty("strand.client.health.enabled")
@ConditionalOnBean(GrpcChannels.class)
@EnableConfigurationProperties(ClientHealthProperties.class)
public final class GrpcClientHealthAutoConfiguration {

	@Bean
	@ConditionalOnMissingBean
	ChannelsHealthIndicator strandGrpcChannelsHealthIndicator(GrpcChannels channels,
			ObjectProvider<GrpcServer> server) {
		ApplicationChannels known = new ApplicationChannels(channels, server.getIfAvailable() != null);
		return new ChannelsHealthIndicator(known::configured);
	}

}
