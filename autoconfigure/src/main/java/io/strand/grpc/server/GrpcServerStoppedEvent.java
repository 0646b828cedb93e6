package io.strand.grpc.server;

/**
 * The gRPC server has stopped: it listens no more, and the calls that were in flight have
 * finished or were cancelled.
 */
public class GrpcServerStoppedEvent extends GrpcServerEvent {

	GrpcServerStoppedEvent(GrpcServer server) {
		super(server);
	}

}
