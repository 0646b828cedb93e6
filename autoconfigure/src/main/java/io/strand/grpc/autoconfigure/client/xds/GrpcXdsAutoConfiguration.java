package io.strand.grpc.autoconfigure.client.xds;

import io.grpc.NameResolverProvider;
import io.grpc.xds.XdsNameResolverProvider;
import io.strand.grpc.autoconfigure.client.GrpcClientAutoConfiguration;
import io.strand.grpc.autoconfigure.client.GrpcClientProperties;

import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBooleanProperty;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.autoconfigure.condition.ConditionalOnProperty;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.context.annotation.Bean;
import org.springframework.core.io.ResourceLoader;
import org.springframework.util.Assert;

/**
 * Auto-configuration of targets like {@code xds:///stock} with a bootstrap of the
 * application's own. Without one, gRPC's resolver looks for it in the environment.
 */
@AutoConfiguration(before = GrpcClientAutoConfiguration.class)
@ConditionalOnClass(XdsNameResolverProvider.class)
@ConditionalOnProperty("strand.client.xds.bootstrap")
@ConditionalOnBooleanProperty(name = "strand.client.enabled", matchIfMissing = true)
@EnableConfigurationProperties(GrpcClientProperties.class)
public final class GrpcXdsAutoConfiguration {

	@Bean
	NameResolverProvider strandXdsNameResolverProvider(GrpcClientProperties properties, ResourceLoader resources) {
		String bootstrap = properties.getXds().getBootstrap();
		Assert.state(bootstrap != null, "the condition has seen it");
		// The only public way to give a resolver its bootstrap, whatever its name says
		return XdsNameResolverProvider.createForTest("xds", XdsBootstrap.read(bootstrap, resources));
	}

}
