package io.strand.grpc.sample.connection;

import io.grpc.netty.shaded.io.grpc.netty.NettyServerBuilder;
import io.strand.grpc.server.GrpcServerBuilderCustomizer;

import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/**
 * Lets the server count its connections: no property does, so a customizer of gRPC's own
 * builder does.
 */
@Configuration(proxyBeanMethods = false)
class ConnectionConfiguration {

	@Bean
	GrpcServerBuilderCustomizer<NettyServerBuilder> connectionCounting(ServerConnections connections) {
		return (builder) -> builder.addTransportFilter(connections);
	}

}
