package io.strand.grpc.server;

import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;

import io.grpc.MethodDescriptor;
import io.grpc.ServerServiceDefinition;
import io.strand.grpc.call.CallLimit;
import io.strand.grpc.call.ConcurrentSend;
import io.strand.grpc.call.HandlerSettings;
import io.strand.grpc.call.Threading;
import org.jspecify.annotations.Nullable;

/**
 * Finds the settings of a method: its own options, then its service's, then what the
 * service declares of itself, then the server's. Limits add up: a call must pass that of
 * the server, of its service and of its method. Health is served at the limit of the
 * server, too. Thread-safe.
 */
public final class HandlerSettingsResolver implements Function<MethodDescriptor<?, ?>, HandlerSettings> {

	/** Full or not, the server lives: who probes it must not take it for dead. */
	private static final String HEALTH = "grpc.health.v1.Health";

	private final HandlerOptions server;

	private final Map<String, HandlerOptions> services;

	private final Map<String, HandlerOptions> methods;

	private final Map<String, Threading> declared = new ConcurrentHashMap<>();

	private final @Nullable CallLimit serverLimit;

	private final Map<String, CallLimit> limits = new LinkedHashMap<>();

	/**
	 * Makes a resolver.
	 * @param server the options of the server
	 * @param services options of services, by full name
	 * @param methods options of methods, by full name such as {@code shop.Orders/Place}
	 */
	public HandlerSettingsResolver(HandlerOptions server, Map<String, HandlerOptions> services,
			Map<String, HandlerOptions> methods) {
		this.server = server;
		this.services = Map.copyOf(services);
		this.methods = Map.copyOf(methods);
		Integer calls = server.maxConcurrentCalls();
		this.serverLimit = (calls != null) ? CallLimit.shared("server", calls) : null;
		this.services.forEach(this::addLimit);
		this.methods.forEach(this::addLimit);
	}

	private void addLimit(String name, HandlerOptions options) {
		CallLimit limit = limit(name, options);
		if (limit != null) {
			this.limits.put(name, limit);
		}
	}

	private static @Nullable CallLimit limit(String name, HandlerOptions options) {
		return (options.maxConcurrentCalls() != null) ? new CallLimit(name, options.maxConcurrentCalls()) : null;
	}

	/**
	 * Takes down what a service declares of itself.
	 * @param service the full name of the service
	 * @param threading the kind of thread it wants; {@link Threading#AUTO} for none in
	 * particular
	 */
	void declare(String service, Threading threading) {
		if (threading != Threading.AUTO) {
			this.declared.put(service, threading);
		}
	}

	/**
	 * Takes down what a service that every server may have declares of itself.
	 * @param service the full name of the service
	 * @param threading the kind of thread it wants; {@link Threading#AUTO} for the
	 * server's, or if that is an event loop, for none: it may block
	 */
	void declareStandard(String service, Threading threading) {
		if (threading != Threading.AUTO || this.server.threading() == Threading.EVENT_LOOP) {
			this.declared.put(service, threading);
		}
	}

	/**
	 * Refuses options of a service or method that is not served: they would do nothing.
	 * @param served all services
	 * @throws GrpcServerStartException if there are such options
	 */
	void checkNames(List<ServerServiceDefinition> served) {
		List<String> serviceNames = served.stream().map((service) -> service.getServiceDescriptor().getName()).toList();
		List<String> methodNames = served.stream()
			.flatMap((service) -> service.getMethods().stream())
			.map((method) -> method.getMethodDescriptor().getFullMethodName())
			.toList();
		this.services.keySet().forEach((name) -> check("strand.server.services", name, serviceNames));
		this.methods.keySet().forEach((name) -> check("strand.server.methods", name, methodNames));
	}

	private static void check(String property, String name, List<String> served) {
		if (!served.contains(name)) {
			throw new GrpcServerStartException(property, name, "This server has nothing of that name.",
					"Correct the name, in brackets such as %s[%s], or remove the entry. It has: %s.".formatted(property,
							served.isEmpty() ? "…" : served.get(0), String.join(", ", served)),
					null);
		}
	}

	@Override
	public HandlerSettings apply(MethodDescriptor<?, ?> method) {
		String service = Objects.requireNonNullElse(method.getServiceName(), "");
		List<HandlerOptions> narrowestFirst = List.of(
				this.methods.getOrDefault(method.getFullMethodName(), HandlerOptions.NONE),
				this.services.getOrDefault(service, HandlerOptions.NONE), declaredBy(service), this.server);
		return new HandlerSettings(first(narrowestFirst, HandlerOptions::threading, Threading.AUTO),
				first(narrowestFirst, HandlerOptions::interruptOnCancel, true),
				first(narrowestFirst, HandlerOptions::concurrentSend, ConcurrentSend.SERIALIZE),
				firstOrNull(narrowestFirst, HandlerOptions::readyThreshold),
				first(narrowestFirst, HandlerOptions::eventLoopQueue, HandlerSettings.DEFAULT_EVENT_LOOP_QUEUE),
				limits(service, method.getFullMethodName()),
				first(narrowestFirst, HandlerOptions::maxWait, Duration.ZERO),
				first(narrowestFirst, HandlerOptions::maxCallDuration, Duration.ZERO));
	}

	private HandlerOptions declaredBy(String service) {
		return new HandlerOptions(this.declared.get(service), null, null, null, null, null, null, null);
	}

	private List<CallLimit> limits(String service, String method) {
		List<CallLimit> widestFirst = new ArrayList<>();
		if (this.serverLimit != null && !HEALTH.equals(service)) {
			widestFirst.add(this.serverLimit);
		}
		for (String name : List.of(service, method)) {
			CallLimit limit = this.limits.get(name);
			if (limit != null) {
				widestFirst.add(limit);
			}
		}
		return widestFirst;
	}

	private static <T> T first(List<HandlerOptions> options, Function<HandlerOptions, @Nullable T> option,
			T otherwise) {
		T first = firstOrNull(options, option);
		return (first != null) ? first : otherwise;
	}

	private static <T> @Nullable T firstOrNull(List<HandlerOptions> options,
			Function<HandlerOptions, @Nullable T> option) {
		for (HandlerOptions each : options) {
			T value = option.apply(each);
			if (value != null) {
				return value;
			}
		}
		return null;
	}

}
