package io.strand.grpc.client;

import io.grpc.ManagedChannelBuilder;

/**
 * Changes a channel's builder before the channel is built, for what no property covers.
 * Beans of this type are called in {@code @Order}, after the properties were applied, and
 * for every channel, once.
 */
@FunctionalInterface
public interface GrpcChannelCustomizer {

	/**
	 * Changes the builder.
	 * @param channelName the name of the channel under {@code strand.client.channels}, or
	 * the target of one made by {@link GrpcChannels#create}
	 * @param builder the builder: a {@code NettyChannelBuilder}, or an
	 * {@code InProcessChannelBuilder} for an in-process target
	 */
	void customize(String channelName, ManagedChannelBuilder<?> builder);

}
