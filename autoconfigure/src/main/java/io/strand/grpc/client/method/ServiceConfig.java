package io.strand.grpc.client.method;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;

import io.grpc.ManagedChannelBuilder;
import io.grpc.Status;

/**
 * Puts gRPC's service config together from its parts. A channel has one: whoever has a
 * part of it adds it here. Not thread-safe.
 *
 * <p>
 * Deadlines and wait-for-ready could be in it too. They are not, so that a call's own
 * deadline may be longer than the default, and so that they hold where a name resolver
 * brings a service config that replaces this one.
 */
public final class ServiceConfig {

	private final Map<String, Object> parts = new LinkedHashMap<>();

	/**
	 * Adds retry and hedging of methods, and their throttling. gRPC takes the most
	 * specific entry of a method as a whole, so that one without a policy hides a wider
	 * one.
	 * @param methods the settings
	 * @return this
	 */
	public ServiceConfig methods(ResolvedMethods methods) {
		if (!methods.repeatsCalls()) {
			return this;
		}
		List<Map<String, Object>> entries = new ArrayList<>();
		entries.add(entry(Map.of(), methods.defaults()));
		new TreeMap<>(methods.services())
			.forEach((name, settings) -> entries.add(entry(Map.of("service", name), settings)));
		new TreeMap<>(methods.methods()).forEach((name, settings) -> {
			int slash = name.indexOf('/');
			entries
				.add(entry(Map.of("service", name.substring(0, slash), "method", name.substring(slash + 1)), settings));
		});
		this.parts.put("methodConfig", entries);
		if (methods.throttling().isActive()) {
			this.parts.put("retryThrottling", methods.throttling().toServiceConfig());
		}
		return this;
	}

	private static Map<String, Object> entry(Map<String, String> name, MethodSettings settings) {
		Map<String, Object> entry = new LinkedHashMap<>();
		entry.put("name", List.of(name));
		if (settings.retry().isActive()) {
			entry.put("retryPolicy", settings.retry().toServiceConfig());
		}
		if (settings.hedging().isActive()) {
			entry.put("hedgingPolicy", settings.hedging().toServiceConfig());
		}
		return entry;
	}

	/**
	 * Adds other parts, such as the load balancing.
	 * @param others parts by their names in the service config, such as
	 * {@code loadBalancingConfig}, as gRPC takes JSON: maps, lists, strings, numbers and
	 * booleans
	 * @return this
	 */
	public ServiceConfig with(Map<String, ?> others) {
		this.parts.putAll(others);
		return this;
	}

	/**
	 * The parts as gRPC takes them.
	 * @return the service config, empty if it says nothing
	 */
	public Map<String, Object> toMap() {
		return new LinkedHashMap<>(this.parts);
	}

	/**
	 * Makes it what a channel uses unless its name resolver brings another.
	 * @param builder the builder of the channel
	 */
	public void applyTo(ManagedChannelBuilder<?> builder) {
		if (!this.parts.isEmpty()) {
			builder.defaultServiceConfig(toMap());
		}
		if (this.parts.containsKey("methodConfig")) {
			builder.enableRetry(); // in-process channels have it off
		}
	}

	/**
	 * A time as JSON has it: seconds with nine decimals, so that nothing is rounded and
	 * no zero lost.
	 */
	static String duration(Duration duration) {
		return String.format(Locale.ROOT, "%d.%09ds", duration.getSeconds(), duration.getNano());
	}

	static List<String> codes(Collection<Status.Code> codes) {
		return codes.stream().sorted().map(Status.Code::name).toList();
	}

}
