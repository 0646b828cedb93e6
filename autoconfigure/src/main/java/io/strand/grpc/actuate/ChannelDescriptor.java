package io.strand.grpc.actuate;

import org.jspecify.annotations.Nullable;

/**
 * A channel as it is shown to operators.
 *
 * @param name its name under {@code strand.client.channels}
 * @param target where it connects
 * @param state such as {@code READY}
 * @param connections its open connections
 * @param calls the calls that have started and not ended
 * @param reconnects connections made in the place of one that had ended
 * @param blockedSenders threads that wait for the server to read
 * @param blockedMillis how long threads have waited for that, without those that still do
 */
public record ChannelDescriptor(String name, @Nullable String target, String state, int connections, int calls,
		long reconnects, int blockedSenders, long blockedMillis) {

}
