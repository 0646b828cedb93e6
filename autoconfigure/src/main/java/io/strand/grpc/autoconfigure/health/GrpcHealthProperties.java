package io.strand.grpc.autoconfigure.health;

import java.time.Duration;
import java.time.temporal.ChronoUnit;
import java.util.LinkedHashMap;
import java.util.Map;

import org.jspecify.annotations.Nullable;

import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.convert.DurationUnit;

/**
 * Properties of the health that the gRPC server tells its clients.
 */
@ConfigurationProperties("strand.server.health")
public class GrpcHealthProperties {

	/**
	 * Whether to serve grpc.health.v1.Health, for the server as a whole and for each of
	 * its services.
	 */
	private boolean enabled = true;

	/**
	 * Health group or indicator of Spring Boot, such as readiness or db, that the server
	 * as a whole is as healthy as. If not set, the server is SERVING while it runs and
	 * the application is ready.
	 */
	private @Nullable String overall;

	/**
	 * Health groups or indicators of Spring Boot by the full proto name of the service
	 * that is as healthy as they are, such as '[shop.Orders]'; liveness and readiness are
	 * names as well. If not set, a service is SERVING while the server runs and the
	 * application is ready.
	 */
	private final Map<String, String> services = new LinkedHashMap<>();

	/**
	 * How often the health groups and indicators are asked. In seconds if it has no unit.
	 */
	@DurationUnit(ChronoUnit.SECONDS)
	private Duration interval = Duration.ofSeconds(10);

	/**
	 * How long a health group or indicator may take to answer before what depends on it
	 * is NOT_SERVING, until it has answered. In seconds if it has no unit.
	 */
	@DurationUnit(ChronoUnit.SECONDS)
	private Duration timeout = Duration.ofSeconds(10);

	public boolean isEnabled() {
		return this.enabled;
	}

	public void setEnabled(boolean enabled) {
		this.enabled = enabled;
	}

	public @Nullable String getOverall() {
		return this.overall;
	}

	public void setOverall(@Nullable String overall) {
		this.overall = overall;
	}

	public Map<String, String> getServices() {
		return this.services;
	}

	public Duration getInterval() {
		return this.interval;
	}

	public void setInterval(Duration interval) {
		this.interval = interval;
	}

	public Duration getTimeout() {
		return this.timeout;
	}

	public void setTimeout(Duration timeout) {
		this.timeout = timeout;
	}

}
