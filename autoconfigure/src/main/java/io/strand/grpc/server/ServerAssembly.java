package io.strand.grpc.server;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

import io.grpc.Server;
import io.grpc.ServerBuilder;
import io.grpc.ServerServiceDefinition;
import io.strand.grpc.call.CallEngine;
import org.jspecify.annotations.Nullable;

/**
 * Makes gRPC's server for each address of the {@link GrpcServer}. Immutable.
 */
final class ServerAssembly {

	private static final String PREFIX = "strand.server";

	private final GrpcServerSettings settings;

	private final List<ServerListener> listeners;

	private final ServicesByListener services;

	private final Consumer<ServerBuilder<?>> customizer;

	private final UninterceptedServices unintercepted;

	private final CallEngine engine;

	private final Connections connections;

	ServerAssembly(GrpcServerSettings settings, List<ServerListener> listeners, ServicesByListener services,
			Consumer<ServerBuilder<?>> customizer, UninterceptedServices unintercepted, CallEngine engine,
			Connections connections) {
		this.settings = settings;
		this.listeners = listeners;
		this.services = services;
		this.customizer = customizer;
		this.unintercepted = unintercepted;
		this.engine = engine;
		this.connections = connections;
	}

	List<ServerEndpoint> endpoints() {
		List<ServerEndpoint> endpoints = new ArrayList<>();
		if (this.settings.port() >= 0) {
			endpoints.add(new TcpEndpoint(PREFIX, this.settings.address(), this.settings.port(),
					this.settings.credentials(), this.connections));
		}
		if (this.settings.unixSocket() != null) {
			endpoints.add(new UnixSocketEndpoint(PREFIX, this.settings.unixSocket(), this.connections));
		}
		if (this.settings.inProcessName() != null) {
			endpoints.add(new InProcessEndpoint(this.settings.inProcessName()));
		}
		this.listeners.forEach((listener) -> endpoints.addAll(listener.endpoints(this.connections)));
		return endpoints;
	}

	/**
	 * Makes the server of an address.
	 * @param endpoint the address
	 * @return a server that is not started
	 * @throws InvalidGrpcServiceException if it would serve what it must not
	 */
	Server build(ServerEndpoint endpoint) {
		List<ServerServiceDefinition> registered = this.services.at(endpoint.listener());
		ServerBuilder<?> builder = endpoint.newBuilder();
		this.engine.prepare(builder);
		if (this.settings.maxInboundMessageSize() != null) {
			builder.maxInboundMessageSize(this.settings.maxInboundMessageSize());
		}
		if (this.settings.maxInboundMetadataSize() != null) {
			builder.maxInboundMetadataSize(this.settings.maxInboundMetadataSize());
		}
		this.customizer.accept(builder);
		registered.forEach(builder::addService);
		intercept(builder, endpoint.listener());
		// Last, and so outermost: whatever else intercepts a call does so on its thread
		this.engine.install(builder);
		Server server = builder.build();
		this.unintercepted.check(server, registered);
		return server;
	}

	private static void intercept(ServerBuilder<?> builder, @Nullable ServerListener listener) {
		if (listener != null) {
			// gRPC runs the one that was added last first
			for (int i = listener.interceptors().size() - 1; i >= 0; i--) {
				builder.intercept(listener.interceptors().get(i));
			}
		}
	}

}
