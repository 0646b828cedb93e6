package io.strand.grpc.autoconfigure.client;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;

import io.strand.grpc.client.ChannelConfigurationException;
import io.strand.grpc.client.GrpcChannelTargetOverride;
import org.jspecify.annotations.Nullable;

/**
 * What the beans of the application say about where channels connect, before the
 * properties are asked.
 */
class ChannelConnections {

	private final Map<String, GrpcChannelConnectionDetails> details = new LinkedHashMap<>();

	private final List<GrpcChannelTargetOverride> overrides;

	ChannelConnections(List<GrpcChannelConnectionDetails> details, List<GrpcChannelTargetOverride> overrides) {
		details.forEach(this::add);
		this.overrides = overrides;
	}

	private void add(GrpcChannelConnectionDetails added) {
		String name = added.getChannelName();
		GrpcChannelConnectionDetails other = this.details.putIfAbsent(name, added);
		if (other != null) {
			throw new ChannelConfigurationException(
					"Two beans of GrpcChannelConnectionDetails are for the channel '%s': %s and %s.".formatted(name,
							other, added),
					"Leave one of them, or let them be for channels of different names.");
		}
	}

	/** The channels that there are details of. */
	Set<String> names() {
		return this.details.keySet();
	}

	@Nullable GrpcChannelConnectionDetails details(String channelName) {
		return this.details.get(channelName);
	}

	/**
	 * Where a channel is sent instead.
	 * @param channelName the name of the channel
	 * @param target where it would connect
	 * @return a target, or {@code null} to leave it
	 */
	@Nullable String override(String channelName, String target) {
		return this.overrides.stream()
			.map((override) -> override.override(channelName, target))
			.filter(Objects::nonNull)
			.findFirst()
			.orElse(null);
	}

}
