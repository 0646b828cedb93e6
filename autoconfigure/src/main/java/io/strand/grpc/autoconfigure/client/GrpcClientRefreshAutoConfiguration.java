package io.strand.grpc.autoconfigure.client;

import io.strand.grpc.client.GrpcChannels;

import org.springframework.beans.factory.ObjectProvider;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.ssl.SslBundles;
import org.springframework.cloud.context.environment.EnvironmentChangeEvent;
import org.springframework.context.annotation.Bean;
import org.springframework.core.env.Environment;

/**
 * Auto-configuration of channels whose settings change while the application runs, with
 * Spring Cloud.
 */
@AutoConfiguration(after = GrpcClientAutoConfiguration.class)
@ConditionalOnClass(EnvironmentChangeEvent.class)
@ConditionalOnBean(GrpcChannels.class)
public final class GrpcClientRefreshAutoConfiguration {

	@Bean
	ChannelRefresh strandChannelRefresh(Environment environment, GrpcChannels channels,
			ObjectProvider<SslBundles> sslBundles) {
		return new ChannelRefresh(environment, channels, new ChannelSettingsMapper(sslBundles));
	}

}
