package io.strand.grpc.client.method;

import java.util.Map;
import java.util.Objects;
import java.util.function.Predicate;
import java.util.stream.Stream;

import io.grpc.MethodDescriptor;

/**
 * The settings of each method of a channel, with all that it inherits. Immutable.
 */
public final class ResolvedMethods {

	private final MethodSettings defaults;

	private final Map<String, MethodSettings> services;

	private final Map<String, MethodSettings> methods;

	private final RetryThrottling throttling;

	ResolvedMethods(MethodSettings defaults, Map<String, MethodSettings> services, Map<String, MethodSettings> methods,
			RetryThrottling throttling) {
		this.defaults = defaults;
		this.services = Map.copyOf(services);
		this.methods = Map.copyOf(methods);
		this.throttling = throttling;
	}

	/**
	 * The settings of a method.
	 * @param method the method
	 * @return its own, else its service's, else the channel's
	 */
	public MethodSettings of(MethodDescriptor<?, ?> method) {
		MethodSettings settings = this.methods.get(method.getFullMethodName());
		if (settings == null) {
			settings = this.services.get(Objects.requireNonNullElse(method.getServiceName(), ""));
		}
		return (settings != null) ? settings : this.defaults;
	}

	/**
	 * Whether a call of any method may be made more than once.
	 * @return whether there is a policy
	 */
	public boolean repeatsCalls() {
		return any((settings) -> settings.retry().isActive() || settings.hedging().isActive());
	}

	/**
	 * Whether a call of any method may have to wait for a connection.
	 * @return whether there is such a method
	 */
	public boolean waitsForReady() {
		return any((settings) -> Boolean.TRUE.equals(settings.waitForReady()));
	}

	private boolean any(Predicate<MethodSettings> condition) {
		return Stream.of(Stream.of(this.defaults), this.services.values().stream(), this.methods.values().stream())
			.flatMap((settings) -> settings)
			.anyMatch(condition);
	}

	MethodSettings defaults() {
		return this.defaults;
	}

	Map<String, MethodSettings> services() {
		return this.services;
	}

	Map<String, MethodSettings> methods() {
		return this.methods;
	}

	RetryThrottling throttling() {
		return this.throttling;
	}

}
