package io.strand.grpc.server;

import org.springframework.context.ApplicationEvent;

/**
 * Something happened in the life of the gRPC server.
 */
public abstract class GrpcServerEvent extends ApplicationEvent {

	GrpcServerEvent(GrpcServer server) {
		super(server);
	}

	/**
	 * The server.
	 * @return the application's one server
	 */
	public GrpcServer getServer() {
		return (GrpcServer) getSource();
	}

}
