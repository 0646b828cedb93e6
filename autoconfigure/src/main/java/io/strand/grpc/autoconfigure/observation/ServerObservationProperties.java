package io.strand.grpc.autoconfigure.observation;

import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

import org.springframework.boot.context.properties.ConfigurationProperties;

/**
 * What is observed of the server.
 */
@ConfigurationProperties("strand.server.observation")
public class ServerObservationProperties {

	/**
	 * Whether each call is an observation: a timer and, with a tracing bridge, a span.
	 * Needs Micrometer and a bean of ObservationRegistry.
	 */
	private boolean enabled = true;

	/**
	 * Full names of services whose calls are not observed. An empty list observes all.
	 */
	private Set<String> excludedServices = new LinkedHashSet<>(
			List.of("grpc.health.v1.Health", "grpc.reflection.v1.ServerReflection",
					"grpc.reflection.v1alpha.ServerReflection", "grpc.channelz.v1.Channelz"));

	/**
	 * Whether to measure how long virtual threads of calls held on to the platform thread
	 * that carried them while they waited, by method. Needs Java 21 or newer. A recording
	 * of the JDK Flight Recorder goes on for it as long as the application runs.
	 */
	private boolean pinnedThreads;

	public boolean isEnabled() {
		return this.enabled;
	}

	public void setEnabled(boolean enabled) {
		this.enabled = enabled;
	}

	public Set<String> getExcludedServices() {
		return this.excludedServices;
	}

	public void setExcludedServices(Set<String> excludedServices) {
		this.excludedServices = excludedServices;
	}

	public boolean isPinnedThreads() {
		return this.pinnedThreads;
	}

	public void setPinnedThreads(boolean pinnedThreads) {
		this.pinnedThreads = pinnedThreads;
	}

}
