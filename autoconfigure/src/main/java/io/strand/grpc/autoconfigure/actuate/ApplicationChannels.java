package io.strand.grpc.autoconfigure.actuate;

import java.util.List;
import java.util.function.Predicate;
import java.util.function.Supplier;

import io.strand.grpc.actuate.ChannelDescriptor;
import io.strand.grpc.client.ChannelActivity;
import io.strand.grpc.client.GrpcChannels;
import org.jspecify.annotations.Nullable;

/**
 * The channels of an application: those that have a name, and those made at run time.
 *
 * @param channels the channels, if the application has any
 * @param serves whether it has a server that the channel to itself can reach
 */
record ApplicationChannels(@Nullable GrpcChannels channels,
		boolean serves) implements Supplier<List<ChannelDescriptor>> {

	@Override
	public List<ChannelDescriptor> get() {
		return describe((activity) -> true);
	}

	/** Those that have a name. */
	List<ChannelDescriptor> configured() {
		return describe((activity) -> !activity.isMadeAtRunTime());
	}

	private List<ChannelDescriptor> describe(Predicate<ChannelActivity> filter) {
		GrpcChannels current = this.channels;
		if (current == null) {
			return List.of();
		}
		return current.activities()
			.stream()
			.filter((activity) -> this.serves || !activity.channelName().equals(GrpcChannels.SELF))
			.filter(filter)
			.map((activity) -> describe(current, activity))
			.toList();
	}

	private static ChannelDescriptor describe(GrpcChannels channels, ChannelActivity activity) {
		String name = activity.channelName();
		return new ChannelDescriptor(name, activity.isMadeAtRunTime() ? name : channels.target(name),
				activity.state().name(), activity.connections(), activity.callsInFlight(), activity.reconnects(),
				activity.blockedSenders(), activity.blockedSending().toMillis());
	}

}
