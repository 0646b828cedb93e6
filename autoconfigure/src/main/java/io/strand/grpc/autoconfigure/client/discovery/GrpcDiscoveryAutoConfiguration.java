package io.strand.grpc.autoconfigure.client.discovery;

import io.grpc.NameResolverProvider;
import io.strand.grpc.autoconfigure.client.GrpcClientAutoConfiguration;
import io.strand.grpc.autoconfigure.client.GrpcClientProperties;

import org.springframework.beans.factory.ObjectProvider;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBooleanProperty;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.cloud.client.discovery.DiscoveryClient;
import org.springframework.context.annotation.Bean;

/**
 * Auto-configuration of targets like {@code discovery:///stock}, whose servers Spring
 * Cloud's {@link DiscoveryClient} knows.
 */
@AutoConfiguration(before = GrpcClientAutoConfiguration.class,
		afterName = { "org.springframework.cloud.client.discovery.composite.CompositeDiscoveryClientAutoConfiguration",
				"org.springframework.cloud.client.discovery.simple.SimpleDiscoveryClientAutoConfiguration" })
@ConditionalOnClass({ NameResolverProvider.class, DiscoveryClient.class })
@ConditionalOnBean(DiscoveryClient.class)
@ConditionalOnBooleanProperty(name = "strand.client.enabled", matchIfMissing = true)
@EnableConfigurationProperties(GrpcClientProperties.class)
public final class GrpcDiscoveryAutoConfiguration {

	@Bean
	DiscoveryNameResolverProvider strandDiscoveryNameResolverProvider(ObjectProvider<DiscoveryClient> client,
			GrpcClientProperties properties) {
		return new DiscoveryNameResolverProvider(client::getObject, properties.getDiscovery().getPortMetadataKey());
	}

}
