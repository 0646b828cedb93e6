package io.strand.grpc.server;

import io.grpc.ServerBuilder;

/**
 * Changes a server's builder before the server is built, for what no property covers.
 * Beans of this type are called in {@code @Order}, after the properties were applied and
 * before the services are added, once for each address the server listens on, and only if
 * the builder is of their type: {@code NettyServerBuilder} for TCP and Unix domain
 * sockets, {@code InProcessServerBuilder}, or {@code ServerBuilder} for all.
 *
 * @param <B> the type of builder
 */
@FunctionalInterface
public interface GrpcServerBuilderCustomizer<B extends ServerBuilder<?>> {

	/**
	 * Changes the builder.
	 * @param builder the builder of one address
	 */
	void customize(B builder);

}
