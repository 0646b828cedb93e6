package io.strand.grpc.server;

import java.io.IOException;
import java.net.SocketAddress;

import io.grpc.Server;
import io.grpc.ServerBuilder;
import io.grpc.inprocess.InProcessServerBuilder;
import io.grpc.inprocess.InProcessSocketAddress;

/**
 * A server that only this JVM can reach, by name and without a socket.
 */
class InProcessEndpoint implements ServerEndpoint {

	private final String name;

	InProcessEndpoint(String name) {
		this.name = name;
	}

	@Override
	public ServerBuilder<?> newBuilder() {
		return InProcessServerBuilder.forName(this.name);
	}

	@Override
	public GrpcServerStartException startFailure(IOException cause) {
		return new GrpcServerStartException("strand.server.in-process.name", this.name,
				"An in-process server of this name runs in this JVM already.", "Choose another name.", cause);
	}

	@Override
	public SocketAddress address(Server server) {
		return new InProcessSocketAddress(this.name);
	}

	@Override
	public String describe(Server server) {
		return "in-process:" + this.name;
	}

}
