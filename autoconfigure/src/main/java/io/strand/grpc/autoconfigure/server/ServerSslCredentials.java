package io.strand.grpc.autoconfigure.server;

import java.util.Arrays;

import javax.net.ssl.SSLException;

import io.grpc.ServerCredentials;
import io.grpc.netty.shaded.io.grpc.netty.GrpcSslContexts;
import io.grpc.netty.shaded.io.grpc.netty.NettySslContextServerCredentials;
import io.grpc.netty.shaded.io.netty.handler.ssl.SslContextBuilder;
import io.strand.grpc.server.GrpcServerStartException;
import org.jspecify.annotations.Nullable;

import org.springframework.boot.ssl.SslBundle;
import org.springframework.boot.ssl.SslManagerBundle;
import org.springframework.boot.ssl.SslOptions;
import org.springframework.core.NestedExceptionUtils;

/**
 * Turns an SSL bundle into gRPC's credentials of a server.
 */
final class ServerSslCredentials {

	static final String PROPERTY = "strand.server.ssl.bundle";

	private ServerSslCredentials() {
	}

	static ServerCredentials of(String name, SslBundle bundle) {
		try {
			if (bundle.getStores().getKeyStore() == null) {
				// A server without a key would start, and fail every handshake
				throw failure(name, "The SSL bundle has no key store, so the server has no certificate.", null);
			}
			return NettySslContextServerCredentials.create(context(bundle).build());
		}
		catch (SSLException | IllegalStateException | IllegalArgumentException ex) {
			Throwable root = NestedExceptionUtils.getMostSpecificCause(ex);
			throw failure(name, "The SSL bundle cannot be used: %s.".formatted(root.getMessage()), ex);
		}
	}

	private static SslContextBuilder context(SslBundle bundle) {
		SslManagerBundle managers = bundle.getManagers();
		SslOptions options = bundle.getOptions();
		SslContextBuilder builder = GrpcSslContexts
			.configure(SslContextBuilder.forServer(managers.getKeyManagerFactory()))
			.trustManager(managers.getTrustManagerFactory());
		if (options.getCiphers() != null) {
			builder.ciphers(Arrays.asList(options.getCiphers()));
		}
		if (options.getEnabledProtocols() != null) {
			builder.protocols(options.getEnabledProtocols());
		}
		return builder;
	}

	private static GrpcServerStartException failure(String name, String reason, @Nullable Throwable cause) {
		return new GrpcServerStartException(PROPERTY, name, reason,
				"Correct the properties of the bundle, spring.ssl.bundle.pem.%1$s or spring.ssl.bundle.jks.%1$s."
					.formatted(name),
				cause);
	}

}
