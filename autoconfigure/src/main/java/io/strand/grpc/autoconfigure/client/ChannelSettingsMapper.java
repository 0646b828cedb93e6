package io.strand.grpc.autoconfigure.client;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;

import javax.net.ssl.SSLException;

import io.grpc.ChannelCredentials;
import io.grpc.InsecureChannelCredentials;
import io.grpc.TlsChannelCredentials;
import io.grpc.netty.shaded.io.grpc.netty.GrpcSslContexts;
import io.grpc.netty.shaded.io.grpc.netty.NettySslContextChannelCredentials;
import io.grpc.netty.shaded.io.netty.handler.ssl.SslContextBuilder;
import io.strand.grpc.autoconfigure.client.GrpcClientProperties.ChannelProperties;
import io.strand.grpc.autoconfigure.client.GrpcClientProperties.KeepAlive;
import io.strand.grpc.client.ChannelSettings;
import org.jspecify.annotations.Nullable;

import org.springframework.beans.factory.ObjectProvider;
import org.springframework.boot.ssl.SslBundle;
import org.springframework.boot.ssl.SslBundles;
import org.springframework.boot.ssl.SslManagerBundle;
import org.springframework.boot.ssl.SslOptions;
import org.springframework.util.unit.DataSize;

/**
 * Turns the properties of channels into their settings.
 */
class ChannelSettingsMapper {

	private final ObjectProvider<SslBundles> sslBundles;

	ChannelSettingsMapper(ObjectProvider<SslBundles> sslBundles) {
		this.sslBundles = sslBundles;
	}

	Map<String, ChannelSettings> map(Map<String, ChannelProperties> channels) {
		Map<String, ChannelSettings> settings = new LinkedHashMap<>();
		channels.forEach((name, properties) -> settings.put(name, map(properties)));
		return settings;
	}

	private ChannelSettings map(ChannelProperties properties) {
		KeepAlive keepAlive = properties.getKeepAlive();
		return ChannelSettings.builder()
			.target(properties.getTarget())
			.services(properties.getServices())
			.credentials(credentials(properties.getSsl()))
			.deadline(properties.getDeadline())
			.streamDeadline(properties.getStreamDeadline())
			.keepAliveTime(keepAlive.getTime())
			.keepAliveTimeout(keepAlive.getTimeout())
			.keepAliveWithoutCalls(keepAlive.getWithoutCalls())
			.idleTimeout(properties.getIdleTimeout())
			.maxInboundMessageSize(bytes(properties.getMaxInboundMessageSize()))
			.maxInboundMetadataSize(bytes(properties.getMaxInboundMetadataSize()))
			.userAgent(properties.getUserAgent())
			.authority(properties.getAuthority())
			.loadBalancingPolicy(properties.getLoadBalancingPolicy())
			.shutdownGracePeriod(properties.getShutdownGracePeriod())
			.build();
	}

	private static @Nullable Integer bytes(@Nullable DataSize size) {
		return (size != null) ? Math.toIntExact(size.toBytes()) : null;
	}

	private @Nullable ChannelCredentials credentials(GrpcClientProperties.Ssl ssl) {
		if (Boolean.FALSE.equals(ssl.getEnabled())) {
			return InsecureChannelCredentials.create();
		}
		if (ssl.getBundle() != null) {
			return credentials(ssl.getBundle(), this.sslBundles.getObject().getBundle(ssl.getBundle()));
		}
		return Boolean.TRUE.equals(ssl.getEnabled()) ? TlsChannelCredentials.create() : null;
	}

	private static ChannelCredentials credentials(String name, SslBundle bundle) {
		SslManagerBundle managers = bundle.getManagers();
		SslOptions options = bundle.getOptions();
		try {
			SslContextBuilder builder = GrpcSslContexts.configure(SslContextBuilder.forClient())
				.trustManager(managers.getTrustManagerFactory());
			if (bundle.getStores().getKeyStore() != null) {
				builder.keyManager(managers.getKeyManagerFactory());
			}
			if (options.getCiphers() != null) {
				builder.ciphers(Arrays.asList(options.getCiphers()));
			}
			if (options.getEnabledProtocols() != null) {
				builder.protocols(options.getEnabledProtocols());
			}
			return NettySslContextChannelCredentials.create(builder.build());
		}
		catch (SSLException ex) {
			throw new IllegalStateException("The SSL bundle '%s' cannot be used by a gRPC channel".formatted(name), ex);
		}
	}

}
