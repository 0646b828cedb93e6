package io.strand.grpc.autoconfigure.test;

import io.strand.grpc.client.GrpcChannelTargetOverride;

import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBooleanProperty;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.context.annotation.Bean;
import org.springframework.core.Ordered;
import org.springframework.core.annotation.Order;

/**
 * Auto-configuration of tests without a network.
 */
@AutoConfiguration
@ConditionalOnBooleanProperty("strand.test.in-process")
@EnableConfigurationProperties(GrpcTestProperties.class)
public final class GrpcTestAutoConfiguration {

	@Bean
	static InProcessServerOnly strandInProcessServerOnly() {
		return new InProcessServerOnly();
	}

	/**
	 * Last, so that a test can send single channels to servers of its own.
	 */
	@Bean
	@Order(Ordered.LOWEST_PRECEDENCE)
	GrpcChannelTargetOverride strandInProcessChannels() {
		return (channelName, target) -> "self:";
	}

}
