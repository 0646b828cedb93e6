package io.strand.grpc.server;

/**
 * The gRPC server has stopped: no call runs any more.
 */
public class GrpcServerStoppedEvent extends GrpcServerEvent {

	GrpcServerStoppedEvent(GrpcServer server) {
		super(server);
	}

}
