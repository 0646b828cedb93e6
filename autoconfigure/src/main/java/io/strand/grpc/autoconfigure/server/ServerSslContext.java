package io.strand.grpc.autoconfigure.server;

import java.security.KeyStore;
import java.security.KeyStoreException;
import java.util.Arrays;
import java.util.List;

import javax.net.ssl.SSLException;

import io.grpc.netty.shaded.io.grpc.netty.GrpcSslContexts;
import io.grpc.netty.shaded.io.netty.handler.ssl.ClientAuth;
import io.grpc.netty.shaded.io.netty.handler.ssl.SslContext;
import io.grpc.netty.shaded.io.netty.handler.ssl.SslContextBuilder;

import org.springframework.boot.ssl.SslBundle;
import org.springframework.boot.ssl.SslManagerBundle;
import org.springframework.boot.ssl.SslOptions;

/**
 * Makes Netty's context of an SSL bundle, for a server.
 */
final class ServerSslContext {

	private static final List<String> PROTOCOLS = List.of("TLSv1.3", "TLSv1.2");

	private ServerSslContext() {
	}

	/**
	 * Makes a context.
	 * @param failures where the bundle comes from
	 * @param bundle the bundle
	 * @param clientAuth whether clients need a certificate
	 * @return a new context
	 * @throws io.strand.grpc.server.GrpcServerStartException if no client could connect,
	 * or the wrong ones could
	 */
	static SslContext of(BundleFailures failures, SslBundle bundle, ClientAuthentication clientAuth) {
		try {
			if (bundle.getStores().getKeyStore() == null) {
				// A server without a key would start, and fail every handshake
				throw failures.bundle("The SSL bundle has no key store, so the server has no certificate.", null);
			}
			checkTrust(failures, bundle, clientAuth);
			return builder(failures, bundle).clientAuth(switch (clientAuth) {
				case NONE -> ClientAuth.NONE;
				case WANT -> ClientAuth.OPTIONAL;
				case NEED -> ClientAuth.REQUIRE;
			}).build();
		}
		catch (SSLException | KeyStoreException | IllegalStateException | IllegalArgumentException ex) {
			throw failures.unusable(ex);
		}
	}

	/**
	 * Without trust store Java trusts the authorities of the web, and so whoever has
	 * bought a certificate.
	 */
	private static void checkTrust(BundleFailures failures, SslBundle bundle, ClientAuthentication clientAuth)
			throws KeyStoreException {
		if (clientAuth == ClientAuthentication.NONE) {
			return;
		}
		KeyStore trusted = bundle.getStores().getTrustStore();
		if (trusted == null || trusted.size() == 0) {
			throw failures.clientAuth(clientAuth,
					"The SSL bundle '%s' has no trust store that says which clients to trust."
						.formatted(failures.name()),
					"Add the certificates of the clients' authorities as %s, or set client-auth to none."
						.formatted(failures.store("truststore")));
		}
	}

	private static SslContextBuilder builder(BundleFailures failures, SslBundle bundle) {
		SslManagerBundle managers = bundle.getManagers();
		SslOptions options = bundle.getOptions();
		SslContextBuilder builder = GrpcSslContexts
			.configure(SslContextBuilder.forServer(managers.getKeyManagerFactory()))
			.trustManager(managers.getTrustManagerFactory())
			.protocols(PROTOCOLS);
		if (options.getCiphers() != null) {
			builder.ciphers(Arrays.asList(options.getCiphers()));
		}
		if (options.getEnabledProtocols() != null) {
			List<String> enabled = List.of(options.getEnabledProtocols());
			if (enabled.isEmpty() || !PROTOCOLS.containsAll(enabled)) {
				throw failures.bundle(
						"The SSL bundle enables the protocols %s, and HTTP/2 needs TLS 1.2 or 1.3.".formatted(enabled),
						"Remove spring.ssl.bundle.pem.%1$s.options.enabled-protocols or spring.ssl.bundle.jks.%1$s.options.enabled-protocols, or leave TLSv1.2 and TLSv1.3 in it."
							.formatted(failures.name()),
						null);
			}
			builder.protocols(enabled);
		}
		return builder;
	}

}
