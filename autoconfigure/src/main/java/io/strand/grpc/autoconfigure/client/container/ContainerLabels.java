package io.strand.grpc.autoconfigure.client.container;

import java.util.Collection;
import java.util.Map;

import io.strand.grpc.client.ChannelConfigurationException;
import io.strand.grpc.client.GrpcChannels;
import org.jspecify.annotations.Nullable;

/**
 * What a container says about itself by its labels.
 *
 * @param container the container in words
 * @param labels its labels
 */
record ContainerLabels(String container, Map<String, String> labels) {

	/** The name by which connections to gRPC servers are told from others. */
	static final String CONNECTION_NAME = "grpc";

	/** Names the channel; the default channel if there is no such label. */
	static final String CHANNEL = "strand.grpc.channel";

	/** The port in the container; needed where it has several. */
	static final String PORT = "strand.grpc.port";

	String channel() {
		String channel = this.labels.get(CHANNEL);
		return (channel != null && !channel.isBlank()) ? channel : GrpcChannels.DEFAULT;
	}

	/**
	 * The port in the container that the label names.
	 * @return the port, or {@code null} if there is no label
	 */
	@Nullable Integer labelledPort() {
		String label = this.labels.get(PORT);
		try {
			return (label != null) ? Integer.valueOf(label.trim()) : null;
		}
		catch (NumberFormatException ex) {
			throw new ChannelConfigurationException(
					"The label %s=%s of %s is no port.".formatted(PORT, label, this.container),
					"Set it to the port that serves gRPC in the container.");
		}
	}

	/**
	 * The port that needs no label.
	 * @param ports the ports of the container
	 * @return the only one
	 */
	int onlyPort(Collection<Integer> ports) {
		if (ports.size() != 1) {
			throw new ChannelConfigurationException(
					"Which port of %s serves gRPC cannot be told: it has %s.".formatted(this.container,
							ports.isEmpty() ? "none" : ports),
					"Expose one port, or name one of several by the label %s.".formatted(PORT));
		}
		return ports.iterator().next();
	}

}
