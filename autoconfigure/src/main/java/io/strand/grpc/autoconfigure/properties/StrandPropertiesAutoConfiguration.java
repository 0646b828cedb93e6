package io.strand.grpc.autoconfigure.properties;

import io.strand.grpc.autoconfigure.actuate.ClientHealthProperties;
import io.strand.grpc.autoconfigure.client.GrpcClientProperties;
import io.strand.grpc.autoconfigure.health.GrpcAdminProperties;
import io.strand.grpc.autoconfigure.health.GrpcChannelzProperties;
import io.strand.grpc.autoconfigure.health.GrpcHealthProperties;
import io.strand.grpc.autoconfigure.health.GrpcReflectionProperties;
import io.strand.grpc.autoconfigure.security.GrpcSecurityProperties;
import io.strand.grpc.autoconfigure.observation.ServerObservationProperties;
import io.strand.grpc.autoconfigure.server.GrpcServerProperties;
import io.strand.grpc.autoconfigure.test.GrpcTestProperties;

import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.context.annotation.Bean;
import org.springframework.core.env.Environment;

/**
 * Auto-configuration of the check for misspelt properties.
 */
@AutoConfiguration
public final class StrandPropertiesAutoConfiguration {

	@Bean
	static PropertyNamesCheck strandPropertyNamesCheck(Environment environment) {
		KnownProperties known = new KnownProperties();
		known.add("strand.server", GrpcServerProperties.class);
		known.add("strand.server.health", GrpcHealthProperties.class);
		known.add("strand.server.reflection", GrpcReflectionProperties.class);
		known.add("strand.server.channelz", GrpcChannelzProperties.class);
		known.add("strand.server.admin", GrpcAdminProperties.class);
		known.add("strand.server.security", GrpcSecurityProperties.class);
		known.add("strand.server.observation", ServerObservationProperties.class);
		known.add("strand.client", GrpcClientProperties.class);
		known.add("strand.client.health", ClientHealthProperties.class);
		known.add("strand.test", GrpcTestProperties.class);
		return new PropertyNamesCheck(environment, known);
	}

}
