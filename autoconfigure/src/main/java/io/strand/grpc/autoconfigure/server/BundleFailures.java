package io.strand.grpc.autoconfigure.server;

import io.strand.grpc.server.GrpcServerStartException;
import org.jspecify.annotations.Nullable;

import org.springframework.core.NestedExceptionUtils;

/**
 * Says what is wrong with the TLS of a listener, naming its properties.
 *
 * @param prefix what the names of its properties begin with, such as
 * {@code strand.server.ssl}
 * @param name the SSL bundle
 */
record BundleFailures(String prefix, String name) {

	String bundleProperty() {
		return this.prefix + ".bundle";
	}

	/**
	 * The properties of one of the bundle's stores.
	 * @param kind {@code keystore} or {@code truststore}
	 * @return their names, in words
	 */
	String store(String kind) {
		return "spring.ssl.bundle.pem.%1$s.%2$s or spring.ssl.bundle.jks.%1$s.%2$s".formatted(this.name, kind);
	}

	GrpcServerStartException bundle(String reason, String remedy, @Nullable Throwable cause) {
		return new GrpcServerStartException(bundleProperty(), this.name, reason, remedy, cause);
	}

	GrpcServerStartException bundle(String reason, @Nullable Throwable cause) {
		return bundle(reason,
				"Correct the properties of the bundle, spring.ssl.bundle.pem.%1$s or spring.ssl.bundle.jks.%1$s."
					.formatted(this.name),
				cause);
	}

	GrpcServerStartException unusable(Exception cause) {
		Throwable root = NestedExceptionUtils.getMostSpecificCause(cause);
		return bundle("The SSL bundle cannot be used: %s.".formatted(root.getMessage()), cause);
	}

	GrpcServerStartException clientAuth(ClientAuthentication value, String reason, String remedy) {
		return new GrpcServerStartException(this.prefix + ".client-auth", value.name().toLowerCase(), reason, remedy,
				null);
	}

}
