package io.strand.grpc.actuate;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;

import io.grpc.ConnectivityState;

import org.springframework.boot.health.contributor.AbstractHealthIndicator;
import org.springframework.boot.health.contributor.Health;

/**
 * Whether the channels can reach their servers: down while one fails to connect, with
 * those named. A channel that has not been used is up. Not for liveness: no restart
 * brings back the server of somebody else.
 */
public class ChannelsHealthIndicator extends AbstractHealthIndicator {

	private final Supplier<List<ChannelDescriptor>> channels;

	/**
	 * Makes an indicator.
	 * @param channels the channels as they are when asked for
	 */
	public ChannelsHealthIndicator(Supplier<List<ChannelDescriptor>> channels) {
		this.channels = channels;
	}

	@Override
	protected void doHealthCheck(Health.Builder builder) {
		Map<String, String> states = new LinkedHashMap<>();
		this.channels.get().forEach((channel) -> states.put(channel.name(), channel.state()));
		boolean failing = states.containsValue(ConnectivityState.TRANSIENT_FAILURE.name());
		(failing ? builder.down() : builder.up()).withDetails(states);
	}

}
