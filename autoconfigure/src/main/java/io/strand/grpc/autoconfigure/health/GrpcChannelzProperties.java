package io.strand.grpc.autoconfigure.health;

import org.springframework.boot.context.properties.ConfigurationProperties;

/**
 * Properties of channelz.
 */
@ConfigurationProperties("strand.server.channelz")
public class GrpcChannelzProperties {

	/**
	 * Whether to serve grpc.channelz.v1, which tells of the channels, servers and sockets
	 * of this JVM: addresses, states and counts.
	 */
	private boolean enabled;

	public boolean isEnabled() {
		return this.enabled;
	}

	public void setEnabled(boolean enabled) {
		this.enabled = enabled;
	}

}
