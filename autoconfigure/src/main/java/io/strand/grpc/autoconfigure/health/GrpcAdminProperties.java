package io.strand.grpc.autoconfigure.health;

import org.springframework.boot.context.properties.ConfigurationProperties;

/**
 * Properties of gRPC's admin services.
 */
@ConfigurationProperties("strand.server.admin")
public class GrpcAdminProperties {

	/**
	 * Whether to serve gRPC's standard admin services: channelz, and the state of xDS
	 * clients where grpc-xds is there.
	 */
	private boolean enabled;

	public boolean isEnabled() {
		return this.enabled;
	}

	public void setEnabled(boolean enabled) {
		this.enabled = enabled;
	}

}
