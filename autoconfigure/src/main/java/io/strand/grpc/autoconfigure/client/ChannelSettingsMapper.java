package io.strand.grpc.autoconfigure.client;

import java.time.Duration;
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
import io.strand.grpc.autoconfigure.client.BalancingProperties.RingHash;
import io.strand.grpc.autoconfigure.client.GrpcClientProperties.ChannelProperties;
import io.strand.grpc.autoconfigure.client.GrpcClientProperties.KeepAlive;
import io.strand.grpc.autoconfigure.client.GrpcClientProperties.Streams;
import io.strand.grpc.client.BalancingSettings;
import io.strand.grpc.client.ChannelConfigurationException;
import io.strand.grpc.client.ChannelSettings;
import org.jspecify.annotations.Nullable;

import org.springframework.beans.factory.ObjectProvider;
import org.springframework.boot.ssl.NoSuchSslBundleException;
import org.springframework.boot.ssl.SslBundle;
import org.springframework.boot.ssl.SslBundles;
import org.springframework.boot.ssl.SslManagerBundle;
import org.springframework.boot.ssl.SslOptions;
import org.springframework.util.unit.DataSize;

/**
 * Turns the properties of channels into their settings.
 */
class ChannelSettingsMapper {

	static final String PREFIX = "strand.client.channels.";

	private final ObjectProvider<SslBundles> sslBundles;

	ChannelSettingsMapper(ObjectProvider<SslBundles> sslBundles) {
		this.sslBundles = sslBundles;
	}

	Map<String, ChannelSettings> map(Map<String, ChannelProperties> channels) {
		Map<String, ChannelSettings> settings = new LinkedHashMap<>();
		channels.forEach((name, properties) -> settings.put(name, map(PREFIX + name, properties)));
		return settings;
	}

	private ChannelSettings map(String prefix, ChannelProperties properties) {
		KeepAlive keepAlive = properties.getKeepAlive();
		Streams streams = properties.getStreams();
		return ChannelSettings.builder()
			.target(properties.getTarget())
			.services(properties.getServices())
			.credentials(credentials(prefix, properties.getSsl()))
			.connect(properties.getConnect())
			.connectTimeout(positive(prefix + ".connect-timeout", properties.getConnectTimeout()))
			.connections(atLeastOne(prefix + ".connections", properties.getConnections()))
			.methods(ChannelMethodsMapper.map(properties))
			.keepAliveTime(positive(prefix + ".keep-alive.time", keepAlive.getTime()))
			.keepAliveTimeout(positive(prefix + ".keep-alive.timeout", keepAlive.getTimeout()))
			.keepAliveWithoutCalls(keepAlive.getWithoutCalls())
			.idleTimeout(positive(prefix + ".idle-timeout", properties.getIdleTimeout()))
			.maxInboundMessageSize(bytes(prefix + ".max-inbound-message-size", properties.getMaxInboundMessageSize()))
			.maxInboundMetadataSize(
					bytes(prefix + ".max-inbound-metadata-size", properties.getMaxInboundMetadataSize()))
			.userAgent(properties.getUserAgent())
			.authority(properties.getAuthority())
			.balancing(balancing(prefix, properties))
			.concurrentSend(streams.getConcurrentSend())
			.blockingSend(streams.getBlockingSend())
			.eventLoopQueue(atLeastOne(prefix + ".streams.event-loop-queue", streams.getEventLoopQueue()))
			.maxReconnectBackoff(notNegative(prefix + ".max-reconnect-backoff", properties.getMaxReconnectBackoff(),
					"to leave the waits to gRPC"))
			.shutdownGracePeriod(properties.getShutdownGracePeriod())
			.build();
	}

	private static BalancingSettings balancing(String prefix, ChannelProperties properties) {
		RingHash ringHash = properties.getRingHash();
		return BalancingSettings.builder()
			.policy(properties.getLoadBalancingPolicy())
			.leastRequestChoices(
					between(prefix + ".least-request.choices", properties.getLeastRequest().getChoices(), 2, 10))
			.ringHashHeader(ringHash.getHeader())
			.ringHashMinSize(between(prefix + ".ring-hash.min-size", ringHash.getMinSize(), 1, 4096))
			.ringHashMaxSize(between(prefix + ".ring-hash.max-size", ringHash.getMaxSize(), 1, 4096))
			.healthCheck(properties.getHealthCheck().getEnabled())
			.healthCheckService(properties.getHealthCheck().getServiceName())
			.refreshInterval(notNegative(prefix + ".refresh-interval", properties.getRefreshInterval(), "for never"))
			.build();
	}

	private static @Nullable Integer between(String property, @Nullable Integer value, int min, int max) {
		if (value != null && (value < min || value > max)) {
			throw invalid(property, value, "Set it to a number from %d to %d.".formatted(min, max));
		}
		return value;
	}

	private static @Nullable Duration notNegative(String property, @Nullable Duration value, String zero) {
		if (value != null && value.isNegative()) {
			throw invalid(property, value, "Set it to a time above zero, or to 0 %s.".formatted(zero));
		}
		return value;
	}

	private static @Nullable Duration positive(String property, @Nullable Duration value) {
		if (value != null && (value.isZero() || value.isNegative())) {
			throw invalid(property, value, "Set it to a time above zero.");
		}
		return value;
	}

	private static @Nullable Integer atLeastOne(String property, @Nullable Integer value) {
		if (value != null && value < 1) {
			throw invalid(property, value, "Set it to a number above zero.");
		}
		return value;
	}

	private static @Nullable Integer bytes(String property, @Nullable DataSize size) {
		if (size == null) {
			return null;
		}
		if (size.toBytes() <= 0 || size.toBytes() > Integer.MAX_VALUE) {
			throw invalid(property, size, "Set it to a size above zero and below 2GB.");
		}
		return (int) size.toBytes();
	}

	private static ChannelConfigurationException invalid(String property, Object value, String remedy) {
		return new ChannelConfigurationException("The value '%s' of %s is not valid.".formatted(value, property),
				remedy);
	}

	private @Nullable ChannelCredentials credentials(String prefix, GrpcClientProperties.Ssl ssl) {
		if (Boolean.FALSE.equals(ssl.getEnabled())) {
			return InsecureChannelCredentials.create();
		}
		if (ssl.getBundle() != null) {
			return credentials(ssl.getBundle(), bundle(prefix, ssl.getBundle()));
		}
		return Boolean.TRUE.equals(ssl.getEnabled()) ? TlsChannelCredentials.create() : null;
	}

	private SslBundle bundle(String prefix, String name) {
		try {
			return this.sslBundles.getObject().getBundle(name);
		}
		catch (NoSuchSslBundleException ex) {
			throw new ChannelConfigurationException(
					"There is no SSL bundle '%s', which %s.ssl.bundle names.".formatted(name, prefix),
					"Define it under spring.ssl.bundle, or correct the name.");
		}
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
