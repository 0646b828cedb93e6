package io.strand.grpc.client;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Set;

import io.grpc.LoadBalancerProvider;
import io.grpc.LoadBalancerRegistry;
import io.grpc.ManagedChannelBuilder;
import io.grpc.NameResolver.ConfigOrError;
import io.strand.grpc.service.NearestName;
import org.jspecify.annotations.Nullable;

import org.springframework.util.ClassUtils;

/**
 * The load-balancing policy of a channel and the health checks that go with it, in gRPC's
 * terms. Immutable, thread-safe.
 */
final class LoadBalancing {

	private static final String ROUND_ROBIN = "round_robin";

	/** Names that users know, with gRPC's own. */
	private static final Map<String, String> POLICIES = policies();

	private static final String LEAST_REQUEST = "least_request_experimental";

	private static final String WEIGHTED_ROUND_ROBIN = "weighted_round_robin";

	private static final String RING_HASH = "ring_hash_experimental";

	private static final int DEFAULT_MIN_RING_SIZE = 1024;

	/** Also gRPC's own limit. */
	private static final int MAX_RING_SIZE = 4096;

	private static final Set<String> TAKES_SETTINGS = Set.of(LEAST_REQUEST, WEIGHTED_ROUND_ROBIN, RING_HASH);

	/** What brings the policies that not every application has. */
	private static final String XDS_DEPENDENCY = "io.grpc:grpc-xds";

	private static final String HEALTH_CHECKING = "io.grpc.protobuf.services.HealthCheckingLoadBalancerUtil";

	/** Without it, gRPC ignores the header that decides on the server. */
	private static final String RING_HASH_HEADER_FLAG = "GRPC_EXPERIMENTAL_RING_HASH_SET_REQUEST_HASH_KEY";

	private final BalancingSettings settings;

	private final String policy;

	private LoadBalancing(BalancingSettings settings, String policy) {
		this.settings = settings;
		this.policy = policy;
	}

	private static Map<String, String> policies() {
		Map<String, String> policies = new LinkedHashMap<>();
		policies.put(ROUND_ROBIN, ROUND_ROBIN);
		policies.put("pick_first", "pick_first");
		policies.put("least_request", LEAST_REQUEST);
		policies.put(WEIGHTED_ROUND_ROBIN, WEIGHTED_ROUND_ROBIN);
		policies.put("ring_hash", RING_HASH);
		return policies;
	}

	/**
	 * Reads settings.
	 * @param prefix what the names of the properties begin with
	 * @param settings all that applies to the channel
	 * @return what to tell the channel
	 * @throws ChannelConfigurationException if they make no sense, or need a dependency
	 * that is missing
	 */
	static LoadBalancing of(String prefix, BalancingSettings settings) {
		String name = (settings.policy() != null) ? settings.policy() : ROUND_ROBIN;
		LoadBalancing balancing = new LoadBalancing(settings, policy(prefix + ".load-balancing-policy", name));
		balancing.checkSettings(prefix);
		balancing.checkHealthCheck(prefix, name);
		return balancing;
	}

	private static String policy(String property, String name) {
		String known = name.trim().toLowerCase(Locale.ROOT).replace('-', '_');
		String policy = POLICIES.getOrDefault(known, name);
		if (provider(policy) != null) {
			return policy;
		}
		String available = String.join(", ",
				POLICIES.keySet().stream().filter((each) -> provider(POLICIES.get(each)) != null).toList());
		if (POLICIES.containsKey(known)) {
			throw new ChannelConfigurationException(
					"The load-balancing policy '%s' of %s is not on the class path.".formatted(name, property),
					"Add the dependency %s, or use one of: %s.".formatted(XDS_DEPENDENCY, available));
		}
		String nearest = NearestName.of(known, POLICIES.keySet());
		throw new ChannelConfigurationException(
				"The load-balancing policy '%s' of %s is not known.%s".formatted(name, property,
						(nearest != null) ? " Did you mean '%s'?".formatted(nearest) : ""),
				"Use one of: %s. %s".formatted(available,
						(provider(RING_HASH) != null)
								? "One of your own is registered with gRPC's LoadBalancerRegistry."
								: "The dependency %s brings least_request, weighted_round_robin and ring_hash."
									.formatted(XDS_DEPENDENCY)));
	}

	private static @Nullable LoadBalancerProvider provider(@Nullable String policy) {
		return (policy != null) ? LoadBalancerRegistry.getDefaultRegistry().getProvider(policy) : null;
	}

	private void checkSettings(String prefix) {
		if (!TAKES_SETTINGS.contains(this.policy)) {
			return;
		}
		if (this.policy.equals(RING_HASH)) {
			checkRing(prefix + ".ring-hash");
		}
		Map<String, ?> config = config();
		LoadBalancerProvider provider = Objects.requireNonNull(provider(this.policy));
		ConfigOrError parsed = provider.parseLoadBalancingPolicyConfig(config);
		if (parsed.getError() != null) {
			throw new ChannelConfigurationException(
					"The settings %s of the load-balancing policy of %s are not valid: %s.".formatted(config, prefix,
							parsed.getError().getDescription()),
					"Correct those under %s.".formatted(prefix));
		}
	}

	private void checkRing(String prefix) {
		if (this.settings.ringHashHeader() == null) {
			throw new ChannelConfigurationException(
					"The load-balancing policy is ring_hash, but %s.header, whose value is hashed, is not set."
						.formatted(prefix),
					"Set %s.header to the name of a header.".formatted(prefix));
		}
		int min = Objects.requireNonNullElse(this.settings.ringHashMinSize(), DEFAULT_MIN_RING_SIZE);
		int max = Objects.requireNonNullElse(this.settings.ringHashMaxSize(), MAX_RING_SIZE);
		if (min > max) {
			throw new ChannelConfigurationException(
					"%s.min-size is %d, and so above %s.max-size, which is %d.".formatted(prefix, min, prefix, max),
					"Lower the one or raise the other.");
		}
	}

	private void checkHealthCheck(String prefix, String policyName) {
		if (!this.settings.healthCheck()) {
			return;
		}
		if (!this.policy.equals(ROUND_ROBIN)) {
			throw new ChannelConfigurationException(
					"%s.health-check.enabled is set, but the load-balancing policy '%s' checks no health."
						.formatted(prefix, policyName),
					"Use round_robin, or set %s.health-check.enabled to false.".formatted(prefix));
		}
		if (!ClassUtils.isPresent(HEALTH_CHECKING, null)) {
			throw new ChannelConfigurationException(
					"%s.health-check.enabled is set, but what checks health is not on the class path."
						.formatted(prefix),
					"Add the dependency io.grpc:grpc-services, or set %s.health-check.enabled to false."
						.formatted(prefix));
		}
	}

	/**
	 * The policy is set as a default, which a service config from the resolver, such as
	 * that of xDS, or a customizer may replace.
	 * @param builder what to tell
	 */
	void applyTo(ManagedChannelBuilder<?> builder) {
		builder.defaultLoadBalancingPolicy(this.policy);
	}

	/**
	 * Entries for the channel's default service config: those of policies that take
	 * settings, and the health checks.
	 * @return a map, empty if there is nothing to say
	 */
	Map<String, ?> serviceConfig() {
		Map<String, Object> serviceConfig = new LinkedHashMap<>();
		if (TAKES_SETTINGS.contains(this.policy)) {
			serviceConfig.put("loadBalancingConfig", List.of(Map.of(this.policy, config())));
		}
		if (this.settings.healthCheck()) {
			serviceConfig.put("healthCheckConfig", Map.of("serviceName", this.settings.healthCheckService()));
		}
		return serviceConfig;
	}

	private Map<String, ?> config() {
		Map<String, Object> config = new LinkedHashMap<>();
		if (this.policy.equals(LEAST_REQUEST)) {
			put(config, "choiceCount", this.settings.leastRequestChoices());
		}
		if (this.policy.equals(RING_HASH)) {
			put(config, "requestHashHeader", this.settings.ringHashHeader());
			put(config, "minRingSize", this.settings.ringHashMinSize());
			put(config, "maxRingSize", this.settings.ringHashMaxSize());
			if (System.getenv(RING_HASH_HEADER_FLAG) == null && System.getProperty(RING_HASH_HEADER_FLAG) == null) {
				System.setProperty(RING_HASH_HEADER_FLAG, "true");
			}
		}
		return config;
	}

	private static void put(Map<String, Object> config, String key, @Nullable Object value) {
		if (value != null) {
			// gRPC's numbers are JSON's
			config.put(key, (value instanceof Number number) ? (Object) number.doubleValue() : value);
		}
	}

}
