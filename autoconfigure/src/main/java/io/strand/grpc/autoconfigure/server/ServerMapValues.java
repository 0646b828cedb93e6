package io.strand.grpc.autoconfigure.server;

import io.strand.grpc.autoconfigure.server.GrpcServerProperties.HandlerGroup;

import org.springframework.boot.context.properties.ConfigurationProperties;

/**
 * Tells Spring Boot's annotation processor, which does not look into maps, what their
 * values are: it describes each of their properties in the configuration metadata, with
 * {@code [*]} for the key. Nothing implements this, and nothing is bound by it.
 */
interface ServerMapValues {

	@ConfigurationProperties("strand.server.services[*]")
	HandlerGroup service();

	@ConfigurationProperties("strand.server.methods[*]")
	HandlerGroup method();

	@ConfigurationProperties("strand.server.listeners[*]")
	ListenerProperties listener();

}
