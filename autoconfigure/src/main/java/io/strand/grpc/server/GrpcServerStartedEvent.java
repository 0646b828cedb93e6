package io.strand.grpc.server;

/**
 * The gRPC server has started and takes calls.
 */
public class GrpcServerStartedEvent extends GrpcServerEvent {

	GrpcServerStartedEvent(GrpcServer server) {
		super(server);
	}

}
