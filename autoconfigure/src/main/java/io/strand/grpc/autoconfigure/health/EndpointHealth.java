package io.strand.grpc.autoconfigure.health;

import io.grpc.health.v1.HealthCheckResponse.ServingStatus;
import org.jspecify.annotations.Nullable;

import org.springframework.beans.factory.ObjectProvider;
import org.springframework.boot.health.actuate.endpoint.HealthDescriptor;
import org.springframework.boot.health.actuate.endpoint.HealthEndpoint;
import org.springframework.boot.health.actuate.endpoint.HealthEndpointGroups;
import org.springframework.boot.health.contributor.Status;
import org.springframework.boot.health.registry.HealthContributorRegistry;
import org.springframework.boot.health.registry.ReactiveHealthContributorRegistry;

/**
 * Asks the health endpoint, which knows groups and indicators and how to make one status
 * of many.
 */
class EndpointHealth implements BootHealth {

	private final ObjectProvider<HealthEndpoint> endpoint;

	private final ObjectProvider<HealthEndpointGroups> groups;

	private final ObjectProvider<HealthContributorRegistry> registry;

	private final ObjectProvider<ReactiveHealthContributorRegistry> reactiveRegistry;

	EndpointHealth(ObjectProvider<HealthEndpoint> endpoint, ObjectProvider<HealthEndpointGroups> groups,
			ObjectProvider<HealthContributorRegistry> registry,
			ObjectProvider<ReactiveHealthContributorRegistry> reactiveRegistry) {
		this.endpoint = endpoint;
		this.groups = groups;
		this.registry = registry;
		this.reactiveRegistry = reactiveRegistry;
	}

	@Override
	public boolean isAvailable() {
		return this.endpoint.getIfAvailable() != null;
	}

	@Override
	public boolean has(String name) {
		String first = path(name)[0];
		return this.groups.stream().anyMatch((known) -> known.getNames().contains(name))
				|| this.registry.stream().anyMatch((known) -> known.getContributor(first) != null)
				|| this.reactiveRegistry.stream().anyMatch((known) -> known.getContributor(first) != null);
	}

	@Override
	public ServingStatus status(String name) {
		@Nullable HealthDescriptor health = this.endpoint.getObject().healthForPath(path(name));
		if (health == null) {
			throw new IllegalStateException(
					"There is no health group or indicator '%s', or the health endpoint leaves it out".formatted(name));
		}
		return servingStatus(health.getStatus());
	}

	private static String[] path(String name) {
		return name.split("/");
	}

	/**
	 * What is neither good nor unknown is not for clients, whatever an application calls
	 * it.
	 */
	private static ServingStatus servingStatus(Status status) {
		if (Status.UP.equals(status)) {
			return ServingStatus.SERVING;
		}
		return Status.UNKNOWN.equals(status) ? ServingStatus.UNKNOWN : ServingStatus.NOT_SERVING;
	}

}
