package io.strand.grpc.server;

import java.util.List;

import io.grpc.ServerServiceDefinition;
import io.strand.grpc.service.NearestName;
import org.jspecify.annotations.Nullable;

/**
 * Which services are served where: one that a listener names is served there, and at the
 * main addresses only if no listener wants it for itself.
 */
final class ServicesByListener {

	private final List<ServerServiceDefinition> all;

	private final List<ServerServiceDefinition> main;

	/**
	 * Distributes services.
	 * @param all all services of the server
	 * @param listeners its listeners
	 * @throws GrpcServerStartException if a listener names a service that there is not
	 */
	ServicesByListener(List<ServerServiceDefinition> all, List<ServerListener> listeners) {
		this.all = List.copyOf(all);
		List<String> names = all.stream().map(ServicesByListener::name).toList();
		listeners.forEach((listener) -> check(listener, names));
		this.main = all.stream()
			.filter((service) -> listeners.stream()
				.noneMatch((listener) -> listener.exclusive() && listener.services().contains(name(service))))
			.toList();
	}

	private static void check(ServerListener listener, List<String> names) {
		for (String service : listener.services()) {
			if (!service.equals(ServerListener.ALL) && !names.contains(service)) {
				String nearest = NearestName.of(service, names);
				throw new GrpcServerStartException(listener.prefix() + ".services", service,
						"This server has no service of that name. It has: %s."
							.formatted(names.isEmpty() ? "none" : String.join(", ", names)),
						(nearest != null) ? "Did you mean '%s'?".formatted(nearest)
								: "Use full proto names, or * for all services of the server.",
						null);
			}
		}
	}

	private static String name(ServerServiceDefinition service) {
		return service.getServiceDescriptor().getName();
	}

	/**
	 * What is served at an address.
	 * @param listener the listener that the address is of, {@code null} for a main one
	 * @return the services, in the order of registration
	 */
	List<ServerServiceDefinition> at(@Nullable ServerListener listener) {
		if (listener == null) {
			return this.main;
		}
		boolean wildcard = listener.services().contains(ServerListener.ALL);
		return this.all.stream()
			.filter((service) -> listener.services().contains(name(service))
					|| (wildcard && this.main.contains(service)))
			.toList();
	}

}
