package io.strand.grpc.client.resolve;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

import io.grpc.LoadBalancer;
import io.grpc.LoadBalancerProvider;
import io.grpc.LoadBalancerRegistry;
import io.grpc.NameResolver.ConfigOrError;
import io.grpc.util.GracefulSwitchLoadBalancer;

/**
 * The load-balancing policy that leaves the balancing to another one, and notes the
 * addresses which that one connects to. It is known to the whole JVM by its name, as
 * every policy is; who it tells is part of its config, which is never written down.
 * Immutable, thread-safe.
 */
final class AddressNotingPolicy extends LoadBalancerProvider {

	static final String NAME = "strand_address_noting";

	/** What a service config calls its policies, by gRPC's specification. */
	private static final String POLICIES = "loadBalancingConfig";

	private static final String CHILD_POLICIES = "childPolicy";

	private static final String ADDRESSES = "addresses";

	static {
		LoadBalancerRegistry.getDefaultRegistry().register(new AddressNotingPolicy());
	}

	private AddressNotingPolicy() {
	}

	/**
	 * Puts this policy around that of a service config.
	 * @param serviceConfig a service config in gRPC's terms
	 * @param addresses told of the addresses
	 * @return another service config, or the same if it has no policy
	 */
	static Map<String, ?> around(Map<String, ?> serviceConfig, ResolvedAddresses addresses) {
		Object policies = serviceConfig.get(POLICIES);
		if (policies == null) {
			return serviceConfig;
		}
		Map<String, Object> wrapped = new LinkedHashMap<>(serviceConfig);
		wrapped.put(POLICIES, List.of(Map.of(NAME, Map.of(CHILD_POLICIES, policies, ADDRESSES, addresses))));
		return wrapped;
	}

	@Override
	@SuppressWarnings("unchecked") // what around() has put there
	public ConfigOrError parseLoadBalancingPolicyConfig(Map<String, ?> config) {
		ConfigOrError child = GracefulSwitchLoadBalancer
			.parseLoadBalancingPolicyConfig((List<Map<String, ?>>) config.get(CHILD_POLICIES));
		if (child.getError() != null) {
			return child;
		}
		ResolvedAddresses addresses = (ResolvedAddresses) Objects.requireNonNull(config.get(ADDRESSES));
		return ConfigOrError.fromConfig(new Config(Objects.requireNonNull(child.getConfig()), addresses));
	}

	@Override
	public LoadBalancer newLoadBalancer(LoadBalancer.Helper helper) {
		return new AddressNotingBalancer(helper);
	}

	@Override
	public boolean isAvailable() {
		return true;
	}

	@Override
	public int getPriority() {
		return 5;
	}

	@Override
	public String getPolicyName() {
		return NAME;
	}

	/**
	 * What a balancer of this policy is told.
	 *
	 * @param child the config of the other policy
	 * @param addresses told of the addresses
	 */
	record Config(Object child, ResolvedAddresses addresses) {

	}

}
