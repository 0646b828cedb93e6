package io.strand.grpc.autoconfigure.client;

import io.strand.grpc.autoconfigure.client.GrpcClientProperties.ChannelProperties;

import org.springframework.boot.context.properties.ConfigurationProperties;

/**
 * Tells Spring Boot's annotation processor, which does not look into maps, what their
 * values are: it describes each of their properties in the configuration metadata.
 * Nothing implements this, and nothing is bound by it.
 *
 * <p>
 * The key of a map is {@code [*]}. With {@code .*} the entries would lie below that of
 * the map, as if it were a group, and editors that complete by the type of its values
 * would stop to.
 */
interface ClientMapValues {

	@ConfigurationProperties("strand.client.channels[*]")
	ChannelProperties channel();

	@ConfigurationProperties("strand.client.channels[*].methods[*]")
	MethodProperties method();

}
