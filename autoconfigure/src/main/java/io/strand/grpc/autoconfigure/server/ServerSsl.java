package io.strand.grpc.autoconfigure.server;

import java.util.Collection;
import java.util.concurrent.locks.ReentrantLock;

import io.grpc.ServerCredentials;
import io.grpc.netty.shaded.io.netty.handler.ssl.SslContext;
import io.strand.grpc.server.GrpcServerStartException;
import io.strand.grpc.server.tls.ReloadableTls;
import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.jspecify.annotations.Nullable;

import org.springframework.beans.factory.ObjectProvider;
import org.springframework.boot.ssl.NoSuchSslBundleException;
import org.springframework.boot.ssl.SslBundle;
import org.springframework.boot.ssl.SslBundles;
import org.springframework.util.StringUtils;

/**
 * Turns the TLS properties of listeners into gRPC's credentials, and keeps these up to
 * date when their SSL bundles are reloaded. Thread-safe.
 */
class ServerSsl {

	private static final Log logger = LogFactory.getLog(ServerSsl.class);

	private final ObjectProvider<SslBundles> sslBundles;

	private final ServerCertificates certificates;

	ServerSsl(ObjectProvider<SslBundles> sslBundles, ServerCertificates certificates) {
		this.sslBundles = sslBundles;
		this.certificates = certificates;
	}

	/**
	 * Makes the credentials of a listener.
	 * @param prefix what the names of its properties begin with
	 * @param properties the properties
	 * @return credentials, or {@code null} for plaintext
	 * @throws GrpcServerStartException if the properties or the bundle are not valid
	 */
	@Nullable ServerCredentials credentials(String prefix, ServerSslProperties properties) {
		String name = properties.getBundle();
		ClientAuthentication clientAuth = properties.getClientAuth();
		if (!StringUtils.hasText(name)) {
			if (clientAuth != ClientAuthentication.NONE) {
				throw new BundleFailures(prefix, "").clientAuth(clientAuth,
						"Clients can show a certificate with TLS only, and %s.bundle is not set.".formatted(prefix),
						"Set it to an SSL bundle with the server's certificate, or set client-auth to none.");
			}
			return null;
		}
		return new Reloading(new BundleFailures(prefix, name), clientAuth).start(this.sslBundles.getObject());
	}

	/**
	 * The credentials of one listener.
	 */
	private final class Reloading {

		private final BundleFailures failures;

		private final ClientAuthentication clientAuth;

		/** A bundle may be reloaded while it is used for the first time. */
		private final ReentrantLock lock = new ReentrantLock();

		private @Nullable ReloadableTls tls;

		Reloading(BundleFailures failures, ClientAuthentication clientAuth) {
			this.failures = failures;
			this.clientAuth = clientAuth;
		}

		private String bundle() {
			return this.failures.name();
		}

		ServerCredentials start(SslBundles bundles) {
			this.lock.lock();
			try {
				bundles.addBundleUpdateHandler(bundle(), this::reload);
				ReloadableTls made = new ReloadableTls(this.failures.bundleProperty(),
						context(bundles.getBundle(bundle())), () -> ServerSsl.this.certificates.used(bundle()));
				this.tls = made;
				return made.credentials();
			}
			catch (NoSuchSslBundleException ex) {
				Collection<String> names = bundles.getBundleNames();
				throw new GrpcServerStartException(this.failures.bundleProperty(), bundle(),
						"There is no SSL bundle of this name. Bundles: %s."
							.formatted(names.isEmpty() ? "none" : String.join(", ", names)),
						"Correct the name, or define spring.ssl.bundle.pem.%1$s or spring.ssl.bundle.jks.%1$s."
							.formatted(bundle()),
						ex);
			}
			finally {
				this.lock.unlock();
			}
		}

		private SslContext context(SslBundle bundle) {
			SslContext context = ServerSslContext.of(this.failures, bundle, this.clientAuth);
			ServerCertificate certificate = ServerCertificate.check(this.failures, bundle,
					ServerSsl.this.certificates.now());
			ServerSsl.this.certificates.put(bundle(), certificate);
			return context;
		}

		private void reload(SslBundle bundle) {
			this.lock.lock();
			try {
				if (this.tls != null) {
					this.tls.replace(context(bundle));
					logger.info("SSL bundle '%s' was reloaded: new connections to the gRPC server (%s) use it, %s"
						.formatted(bundle(), this.failures.bundleProperty(), shown()));
				}
			}
			catch (GrpcServerStartException ex) {
				logger.error("SSL bundle '%s' was reloaded, but the gRPC server (%s) stays with what it had, %s: %s %s"
					.formatted(bundle(), this.failures.bundleProperty(), shown(), ex.getReason(), ex.getRemedy()),
						ex.getCause());
			}
			catch (RuntimeException ex) {
				logger.error("SSL bundle '%s' was reloaded, but the gRPC server (%s) stays with what it had, %s"
					.formatted(bundle(), this.failures.bundleProperty(), shown()), ex);
			}
			finally {
				this.lock.unlock();
			}
		}

		private String shown() {
			ServerCertificate certificate = ServerSsl.this.certificates.get(bundle());
			return (certificate != null)
					? "the certificate %s until %s".formatted(certificate.subject(), certificate.until())
					: "no certificate";
		}

	}

}
