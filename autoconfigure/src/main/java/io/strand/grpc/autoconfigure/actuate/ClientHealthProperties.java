package io.strand.grpc.autoconfigure.actuate;

import org.springframework.boot.context.properties.ConfigurationProperties;

/**
 * What Spring Boot's health says of the channels.
 */
@ConfigurationProperties("strand.client.health")
public class ClientHealthProperties {

	/**
	 * Whether Spring Boot's health is down while a channel cannot connect. Keep it out of
	 * the group for liveness: a restart does not bring back another server.
	 */
	private boolean enabled;

	public boolean isEnabled() {
		return this.enabled;
	}

	public void setEnabled(boolean enabled) {
		this.enabled = enabled;
	}

}
