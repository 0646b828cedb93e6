package io.strand.grpc.autoconfigure.client;

import org.jspecify.annotations.Nullable;

/**
 * Properties of targets that Spring Cloud's DiscoveryClient resolves.
 */
public class DiscoveryProperties {

	/**
	 * Name of the metadata entry with an instance's port of gRPC; gRPC_port, grpc.port
	 * and the like if not set. Instances without it are called on the port they are
	 * registered with.
	 */
	private @Nullable String portMetadataKey;

	public @Nullable String getPortMetadataKey() {
		return this.portMetadataKey;
	}

	public void setPortMetadataKey(@Nullable String portMetadataKey) {
		this.portMetadataKey = portMetadataKey;
	}

}
