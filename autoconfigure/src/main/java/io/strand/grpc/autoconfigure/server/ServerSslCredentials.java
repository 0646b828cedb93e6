package io.strand.grpc.autoconfigure.server;

import java.util.Arrays;

import javax.net.ssl.SSLException;

import io.grpc.ServerCredentials;
import io.grpc.netty.shaded.io.grpc.netty.GrpcSslContexts;
import io.grpc.netty.shaded.io.grpc.netty.NettySslContextServerCredentials;
import io.grpc.netty.shaded.io.netty.handler.ssl.SslContextBuilder;

import org.springframework.boot.ssl.SslBundle;
import org.springframework.boot.ssl.SslManagerBundle;
import org.springframework.boot.ssl.SslOptions;

/**
 * Turns an SSL bundle into gRPC's credentials of a server.
 */
final class ServerSslCredentials {

	private ServerSslCredentials() {
	}

	static ServerCredentials of(SslBundle bundle) {
		SslManagerBundle managers = bundle.getManagers();
		SslOptions options = bundle.getOptions();
		try {
			SslContextBuilder builder = GrpcSslContexts
				.configure(SslContextBuilder.forServer(managers.getKeyManagerFactory()))
				.trustManager(managers.getTrustManagerFactory());
			if (options.getCiphers() != null) {
				builder.ciphers(Arrays.asList(options.getCiphers()));
			}
			if (options.getEnabledProtocols() != null) {
				builder.protocols(options.getEnabledProtocols());
			}
			return NettySslContextServerCredentials.create(builder.build());
		}
		catch (SSLException ex) {
			throw new IllegalStateException("The SSL bundle of strand.server.ssl.bundle cannot be used", ex);
		}
	}

}
