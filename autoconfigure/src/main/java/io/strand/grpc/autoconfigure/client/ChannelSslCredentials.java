package io.strand.grpc.autoconfigure.client;

import java.util.Arrays;

import javax.net.ssl.SSLException;

import io.grpc.ChannelCredentials;
import io.grpc.InsecureChannelCredentials;
import io.grpc.TlsChannelCredentials;
import io.grpc.netty.shaded.io.grpc.netty.GrpcSslContexts;
import io.grpc.netty.shaded.io.grpc.netty.NettySslContextChannelCredentials;
import io.grpc.netty.shaded.io.netty.handler.ssl.SslContextBuilder;
import io.grpc.netty.shaded.io.netty.handler.ssl.util.InsecureTrustManagerFactory;
import io.strand.grpc.autoconfigure.client.GrpcClientProperties.Ssl;
import io.strand.grpc.client.ChannelConfigurationException;
import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.jspecify.annotations.Nullable;

import org.springframework.beans.factory.NoSuchBeanDefinitionException;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.boot.ssl.NoSuchSslBundleException;
import org.springframework.boot.ssl.SslBundle;
import org.springframework.boot.ssl.SslBundles;
import org.springframework.boot.ssl.SslManagerBundle;
import org.springframework.boot.ssl.SslOptions;
import org.springframework.core.NestedExceptionUtils;

/**
 * Turns the TLS properties of a channel and the SSL bundle they name into gRPC's
 * credentials.
 */
class ChannelSslCredentials {

	private static final Log logger = LogFactory.getLog(ChannelSslCredentials.class);

	private final ObjectProvider<SslBundles> sslBundles;

	ChannelSslCredentials(ObjectProvider<SslBundles> sslBundles) {
		this.sslBundles = sslBundles;
	}

	/**
	 * Makes the credentials.
	 * @param channelPrefix what the names of the channel's properties begin with
	 * @param ssl the properties
	 * @return credentials, or {@code null} if the properties say nothing
	 */
	@Nullable ChannelCredentials of(String channelPrefix, Ssl ssl) {
		String prefix = channelPrefix + ".ssl";
		boolean trustAll = Boolean.TRUE.equals(ssl.getInsecureTrustAllCertificates());
		if (Boolean.FALSE.equals(ssl.getEnabled())) {
			refuseIf(ssl.getBundle() != null, prefix + ".bundle is set", prefix + ".enabled is false");
			refuseIf(trustAll, prefix + ".insecure-trust-all-certificates is true", prefix + ".enabled is false");
			return InsecureChannelCredentials.create();
		}
		if (ssl.getBundle() != null) {
			return ofBundle(prefix, ssl.getBundle(), trustAll);
		}
		if (trustAll) {
			refuseWithoutTls(prefix, ssl);
			warn(prefix);
			return build(prefix, GrpcSslContexts.configure(SslContextBuilder.forClient())
				.trustManager(InsecureTrustManagerFactory.INSTANCE));
		}
		return Boolean.TRUE.equals(ssl.getEnabled()) ? TlsChannelCredentials.create() : null;
	}

	/**
	 * Makes the credentials of a bundle that no property names.
	 * @param what the bundle in words, for the message
	 * @param bundle the bundle
	 * @return credentials
	 */
	static ChannelCredentials of(String what, SslBundle bundle) {
		try {
			return NettySslContextChannelCredentials.create(context(bundle, false).build());
		}
		catch (SSLException | IllegalStateException | IllegalArgumentException ex) {
			throw unusable(what, ex, "Correct the bundle.");
		}
	}

	private static void refuseWithoutTls(String prefix, Ssl ssl) {
		if (ssl.getEnabled() == null) {
			throw new ChannelConfigurationException(
					"%s.insecure-trust-all-certificates is true, but the channel has no TLS of its own.".formatted(
							prefix),
					"Set %s.enabled=true or %<s.bundle as well, or remove it.".formatted(prefix));
		}
	}

	private static void warn(String prefix) {
		logger.warn("%s.insecure-trust-all-certificates is true: the channel, and those that inherit its TLS, trust"
			.formatted(prefix) + " ANY server, so whoever stands in the way can read and change all calls");
	}

	private static void refuseIf(boolean contradiction, String one, String other) {
		if (contradiction) {
			throw new ChannelConfigurationException("%s, but %s.".formatted(one, other), "Remove one of them.");
		}
	}

	private ChannelCredentials ofBundle(String prefix, String name, boolean trustAll) {
		SslBundle bundle = bundle(prefix, name);
		try {
			refuseIf(trustAll && bundle.getStores().getTrustStore() != null,
					prefix + ".insecure-trust-all-certificates is true",
					"the SSL bundle '%s' says which certificates to trust".formatted(name));
			if (trustAll) {
				warn(prefix);
			}
			return build(prefix, context(bundle, trustAll));
		}
		catch (IllegalStateException | IllegalArgumentException ex) {
			throw unusable("The SSL bundle '%s', which %s.bundle names,".formatted(name, prefix), ex,
					"Correct the properties of the bundle under spring.ssl.bundle.");
		}
	}

	private SslBundle bundle(String prefix, String name) {
		try {
			return this.sslBundles.getObject().getBundle(name);
		}
		catch (NoSuchSslBundleException | NoSuchBeanDefinitionException ex) {
			throw new ChannelConfigurationException(
					"There is no SSL bundle '%s', which %s.bundle names.".formatted(name, prefix),
					"Define it under spring.ssl.bundle, or correct the name.");
		}
	}

	private static SslContextBuilder context(SslBundle bundle, boolean trustAll) {
		SslManagerBundle managers = bundle.getManagers();
		SslOptions options = bundle.getOptions();
		SslContextBuilder builder = GrpcSslContexts.configure(SslContextBuilder.forClient())
			.trustManager(trustAll ? InsecureTrustManagerFactory.INSTANCE : managers.getTrustManagerFactory());
		if (bundle.getStores().getKeyStore() != null) {
			builder.keyManager(managers.getKeyManagerFactory());
		}
		if (options.getCiphers() != null) {
			builder.ciphers(Arrays.asList(options.getCiphers()));
		}
		if (options.getEnabledProtocols() != null) {
			builder.protocols(options.getEnabledProtocols());
		}
		return builder;
	}

	private static ChannelCredentials build(String prefix, SslContextBuilder builder) {
		try {
			return NettySslContextChannelCredentials.create(builder.build());
		}
		catch (SSLException ex) {
			throw unusable("What is set under " + prefix, ex, "Correct it, or the SSL bundle it names.");
		}
	}

	private static ChannelConfigurationException unusable(String what, Exception cause, String remedy) {
		String message = NestedExceptionUtils.getMostSpecificCause(cause).getMessage();
		ChannelConfigurationException exception = new ChannelConfigurationException(
				"%s cannot be used: %s.".formatted(what, message), remedy);
		exception.initCause(cause);
		return exception;
	}

}
