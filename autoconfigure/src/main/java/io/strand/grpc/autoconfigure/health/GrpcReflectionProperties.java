package io.strand.grpc.autoconfigure.health;

import org.springframework.boot.context.properties.ConfigurationProperties;

/**
 * Properties of gRPC server reflection.
 */
@ConfigurationProperties("strand.server.reflection")
public class GrpcReflectionProperties {

	/**
	 * Whether to serve grpc.reflection.v1 and v1alpha, by which tools such as grpcurl
	 * learn the services and messages of the server.
	 */
	private boolean enabled;

	public boolean isEnabled() {
		return this.enabled;
	}

	public void setEnabled(boolean enabled) {
		this.enabled = enabled;
	}

}
