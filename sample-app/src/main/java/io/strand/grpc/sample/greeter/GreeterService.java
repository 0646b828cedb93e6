package io.strand.grpc.sample.greeter;

import io.grpc.stub.StreamObserver;
import io.strand.grpc.sample.proto.GreeterGrpc;
import io.strand.grpc.sample.proto.HelloReply;
import io.strand.grpc.sample.proto.HelloRequest;
import io.strand.grpc.service.GrpcService;

/**
 * Greets. The service keeps nothing between calls.
 */
@GrpcService
class GreeterService extends GreeterGrpc.GreeterImplBase {

	@Override
	public void sayHello(HelloRequest request, StreamObserver<HelloReply> out) {
		out.onNext(HelloReply.newBuilder().setMessage("Hello " + request.getName()).build());
		out.onCompleted();
	}

}
