package io.strand.grpc.autoconfigure.health;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

import io.strand.grpc.health.ServerHealth;
import io.strand.grpc.server.GrpcServerStartException;
import org.jspecify.annotations.Nullable;

import org.springframework.util.StringUtils;

/**
 * What the health of which service depends on, as the properties say. Values that make no
 * sense are refused here, where their property is known.
 */
class HealthPlan {

	private static final String OVERALL = "strand.server.health.overall";

	private static final String SERVICES = "strand.server.health.services";

	/** By the name of the service, empty for the server as a whole. */
	private final Map<String, String> sources = new LinkedHashMap<>();

	HealthPlan(GrpcHealthProperties properties) {
		positive("strand.server.health.interval", properties.getInterval());
		positive("strand.server.health.timeout", properties.getTimeout());
		if (StringUtils.hasText(properties.getOverall())) {
			this.sources.put(ServerHealth.OVERALL, properties.getOverall());
		}
		properties.getServices().forEach((service, source) -> {
			if (StringUtils.hasText(source)) {
				this.sources.put(service, source);
			}
		});
	}

	private static void positive(String property, Duration value) {
		if (value.isZero() || value.isNegative()) {
			throw new GrpcServerStartException(property, value, "It must be longer than nothing.",
					"Use a duration such as 10s, or remove the property for its default.", null);
		}
	}

	/** The names whose health depends on something. */
	Set<String> names() {
		return this.sources.keySet();
	}

	/** Who is asked, and for whom. */
	Map<String, List<String>> namesBySource() {
		Map<String, List<String>> names = new LinkedHashMap<>();
		this.sources.forEach((name, source) -> names.computeIfAbsent(source, (key) -> new ArrayList<>()).add(name));
		return names;
	}

	/**
	 * Refuses names that nobody has.
	 * @param served the services of the server
	 * @param boot what knows groups and indicators, if there is any
	 */
	void check(Collection<String> served, @Nullable BootHealth boot) {
		this.sources.forEach((name, source) -> {
			checkName(name, served);
			checkSource(name, source, boot);
		});
	}

	private static void checkName(String name, Collection<String> served) {
		Set<String> known = new TreeSet<>(served);
		known.addAll(List.of(ServerHealth.OVERALL, ServerHealth.LIVENESS, ServerHealth.READINESS));
		if (!known.contains(name)) {
			known.remove(ServerHealth.OVERALL);
			throw new GrpcServerStartException(SERVICES, name, "This server has no service of that name.",
					"Correct the name, in brackets such as %s[%s], or remove the entry. It has: %s.".formatted(SERVICES,
							known.iterator().next(), String.join(", ", known)),
					null);
		}
	}

	private static void checkSource(String name, String source, @Nullable BootHealth boot) {
		String property = name.isEmpty() ? OVERALL : "%s[%s]".formatted(SERVICES, name);
		if (boot == null || !boot.isAvailable()) {
			throw new GrpcServerStartException(property, source, "There is no health endpoint to ask.",
					"Add spring-boot-starter-actuator, have management.endpoints.web.exposure.include list health, or"
							+ " remove the property.",
					null);
		}
		if (!boot.has(source)) {
			throw new GrpcServerStartException(property, source, "There is no health group or indicator of that name.",
					"Correct the name, or define management.endpoint.health.group.%s.include.".formatted(source), null);
		}
	}

}
