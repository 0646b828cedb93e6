package io.strand.grpc.autoconfigure.client;

import java.time.Duration;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

import io.grpc.ChannelCredentials;
import io.grpc.InsecureChannelCredentials;
import io.strand.grpc.autoconfigure.client.BalancingProperties.RingHash;
import io.strand.grpc.autoconfigure.client.GrpcClientProperties.ChannelProperties;
import io.strand.grpc.autoconfigure.client.GrpcClientProperties.KeepAlive;
import io.strand.grpc.autoconfigure.client.GrpcClientProperties.Streams;
import io.strand.grpc.client.BalancingSettings;
import io.strand.grpc.client.ChannelConfigurationException;
import io.strand.grpc.client.ChannelSettings;
import io.strand.grpc.client.GrpcChannels;
import io.strand.grpc.client.MetadataPropagation;
import org.jspecify.annotations.Nullable;

import org.springframework.boot.ssl.SslBundle;
import org.springframework.util.unit.DataSize;

/**
 * Turns the properties of channels into their settings.
 */
class ChannelSettingsMapper {

	static final String PREFIX = "strand.client.channels.";

	/** Not much more has a number of nanoseconds. */
	private static final Duration LONGEST = Duration.ofDays(36500);

	private final ChannelSslCredentials ssl;

	private final ChannelAuthenticationMapper authentication;

	private final ChannelConnections connections;

	ChannelSettingsMapper(ChannelSslCredentials ssl, ChannelAuthenticationMapper authentication,
			ChannelConnections connections) {
		this.ssl = ssl;
		this.authentication = authentication;
		this.connections = connections;
	}

	Map<String, ChannelSettings> map(GrpcClientProperties properties) {
		checkServices(properties);
		Map<String, ChannelProperties> channels = new LinkedHashMap<>(properties.getChannels());
		this.connections.names().forEach((name) -> channels.putIfAbsent(name, new ChannelProperties()));
		String defaultTarget = ownTarget(GrpcChannels.DEFAULT, channels.get(GrpcChannels.DEFAULT));
		MetadataPropagation propagation = propagation("strand.client.propagate-metadata",
				properties.getPropagateMetadata());
		if (propagation != null) {
			channels.putIfAbsent(GrpcChannels.DEFAULT, new ChannelProperties());
		}
		Map<String, ChannelSettings> settings = new LinkedHashMap<>();
		channels.forEach((name, channel) -> settings.put(name,
				map(PREFIX + name, channel, target(name, channel, defaultTarget),
						credentials(name, channel, channels.get(GrpcChannels.DEFAULT)),
						name.equals(GrpcChannels.DEFAULT) ? propagation : null)));
		return settings;
	}

	/**
	 * Two channels that list one service leave open where its stubs go: most likely one
	 * was copied from the other.
	 */
	private static void checkServices(GrpcClientProperties properties) {
		Map<String, String> channelByService = new HashMap<>();
		properties.getChannels().forEach((name, channel) -> channel.getServices().forEach((service) -> {
			String other = channelByService.putIfAbsent(service, name);
			if (other != null && !other.equals(name) && !properties.getSharedServices().contains(service)) {
				throw new ChannelConfigurationException(
						"%1$s%2$s.services and %1$s%3$s.services both list the proto service '%4$s'.".formatted(PREFIX,
								other, name, service),
						"Leave it to one of them; a stub on the other asks for it by @GrpcClient(\"%s\")."
							.formatted(name) + " If both shall have it, as for a collection of stubs, add it to"
								+ " strand.client.shared-services.");
			}
		}));
	}

	private @Nullable String ownTarget(String name, @Nullable ChannelProperties channel) {
		GrpcChannelConnectionDetails details = this.connections.details(name);
		if (details != null) {
			return details.getTarget();
		}
		return (channel != null) ? channel.getTarget() : null;
	}

	private @Nullable String target(String name, ChannelProperties channel, @Nullable String defaultTarget) {
		String own = ownTarget(name, channel);
		String target = (own != null) ? own : defaultTarget;
		String override = (target != null) ? this.connections.override(name, target) : null;
		// Also if it is inherited: the default channel may be sent elsewhere
		return (override != null) ? override : target;
	}

	private static @Nullable MetadataPropagation propagation(String property, @Nullable List<String> names) {
		try {
			return (names != null) ? MetadataPropagation.of(names) : null;
		}
		catch (IllegalArgumentException ex) {
			throw new ChannelConfigurationException("The value '%s' of %s is not valid. %s".formatted(
					String.join(",", names), property, ex.getMessage()), "List names of headers such as x-request-id.");
		}
	}

	private ChannelSettings map(String prefix, ChannelProperties properties, @Nullable String target,
			@Nullable ChannelCredentials credentials, @Nullable MetadataPropagation defaultPropagation) {
		MetadataPropagation propagation = propagation(prefix + ".propagate-metadata",
				properties.getPropagateMetadata());
		KeepAlive keepAlive = properties.getKeepAlive();
		Streams streams = properties.getStreams();
		return ChannelSettings.builder()
			.target(target)
			.services(properties.getServices())
			.credentials(credentials)
			.authentication(this.authentication.map(prefix, properties.getAuthentication()))
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
			.shutdownGracePeriod(notNegative(prefix + ".shutdown-grace-period", properties.getShutdownGracePeriod(),
					"to cancel calls in flight at once"))
			.metadataPropagation((propagation != null) ? propagation : defaultPropagation)
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
		return notTooLong(property, value);
	}

	private static @Nullable Duration positive(String property, @Nullable Duration value) {
		if (value != null && (value.isZero() || value.isNegative())) {
			throw invalid(property, value, "Set it to a time above zero.");
		}
		return notTooLong(property, value);
	}

	private static @Nullable Duration notTooLong(String property, @Nullable Duration value) {
		if (value != null && value.compareTo(LONGEST) > 0) {
			throw invalid(property, value, "Set it to a time up to %dd.".formatted(LONGEST.toDays()));
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

	/**
	 * Target and encryption belong together: where details of the default channel take
	 * the place of both, a channel with a target of its own is encrypted as the
	 * properties say.
	 */
	private @Nullable ChannelCredentials credentials(String name, ChannelProperties channel,
			@Nullable ChannelProperties defaults) {
		GrpcChannelConnectionDetails details = this.connections.details(name);
		if (details != null) {
			return credentials(details);
		}
		ChannelCredentials own = this.ssl.of(PREFIX + name, channel.getSsl());
		if (own == null && channel.getTarget() != null && defaults != null
				&& this.connections.details(GrpcChannels.DEFAULT) != null) {
			own = this.ssl.of(PREFIX + GrpcChannels.DEFAULT, defaults.getSsl());
			return (own != null) ? own : InsecureChannelCredentials.create();
		}
		return own;
	}

	private static ChannelCredentials credentials(GrpcChannelConnectionDetails details) {
		SslBundle bundle = details.getSslBundle();
		return (bundle != null) ? ChannelSslCredentials
			.of("The SSL bundle of the connection details of " + details.getChannelName(), bundle)
				: InsecureChannelCredentials.create();
	}

}
