package io.strand.grpc.autoconfigure.client;

import org.jspecify.annotations.Nullable;

/**
 * Properties of targets that an xDS control plane resolves.
 */
public class XdsProperties {

	/**
	 * The xDS bootstrap: JSON, or where it is, such as classpath:xds.json. What gRPC's
	 * environment variable GRPC_XDS_BOOTSTRAP names if not set.
	 */
	private @Nullable String bootstrap;

	public @Nullable String getBootstrap() {
		return this.bootstrap;
	}

	public void setBootstrap(@Nullable String bootstrap) {
		this.bootstrap = bootstrap;
	}

}
