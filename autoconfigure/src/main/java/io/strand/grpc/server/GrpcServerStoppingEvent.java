package io.strand.grpc.server;

/**
 * The gRPC server begins to stop: it takes no new calls and waits for those in flight.
 */
public class GrpcServerStoppingEvent extends GrpcServerEvent {

	GrpcServerStoppingEvent(GrpcServer server) {
		super(server);
	}

}
