package io.strand.grpc.server;

/**
 * The gRPC server is about to stop: once this event was handled, it takes no new calls
 * and waits for those in flight.
 */
public class GrpcServerStoppingEvent extends GrpcServerEvent {

	GrpcServerStoppingEvent(GrpcServer server) {
		super(server);
	}

}
