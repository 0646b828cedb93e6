package io.strand.grpc.client;

import org.jspecify.annotations.Nullable;

/**
 * Sends a channel elsewhere than its configuration says, for tests above all: to a server
 * in the same JVM, with interceptors, customizers, deadlines and all other settings as
 * they are. Beans of this type are asked in {@code @Order}; the first that answers wins.
 */
@FunctionalInterface
public interface GrpcChannelTargetOverride {

	/**
	 * Where a channel shall connect instead. Asked at the start for channels with a name,
	 * and whenever one is made by {@link GrpcChannels#create}.
	 * @param channelName the name of the channel, or the target of one made by
	 * {@link GrpcChannels#create}
	 * @param target where it would connect
	 * @return a target in any form that a property may have, such as
	 * {@code in-process:stock}, or {@code null} to leave it
	 */
	@Nullable String override(String channelName, String target);

}
