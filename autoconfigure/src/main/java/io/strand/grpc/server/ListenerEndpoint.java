package io.strand.grpc.server;

import java.io.IOException;
import java.net.SocketAddress;

import io.grpc.Server;
import io.grpc.ServerBuilder;

/**
 * An address of a listener with a name.
 */
record ListenerEndpoint(ServerListener listener, ServerEndpoint endpoint) implements ServerEndpoint {

	@Override
	public ServerBuilder<?> newBuilder() {
		return this.endpoint.newBuilder();
	}

	@Override
	public void start(Server server) {
		this.endpoint.start(server);
	}

	@Override
	public GrpcServerStartException startFailure(IOException cause) {
		return this.endpoint.startFailure(cause);
	}

	@Override
	public SocketAddress address(Server server) {
		return this.endpoint.address(server);
	}

	@Override
	public String describe(Server server) {
		String services = String.join(", ",
				server.getServices().stream().map((service) -> service.getServiceDescriptor().getName()).toList());
		return "listener '%s' on %s for [%s]".formatted(this.listener.name(), this.endpoint.describe(server), services);
	}

	@Override
	public void release() {
		this.endpoint.release();
	}

}
