package io.strand.grpc.sample.echo;

import io.grpc.stub.StreamObserver;
import io.strand.grpc.sample.proto.EchoRequest;
import io.strand.grpc.sample.proto.EchoResponse;

/**
 * One client-streaming call: answers with the last message. gRPC calls it one message
 * after the other, so that it needs no lock.
 */
class LastMessageEcho implements StreamObserver<EchoRequest> {

	private final StreamObserver<EchoResponse> out;

	private String last = "";

	LastMessageEcho(StreamObserver<EchoResponse> out) {
		this.out = out;
	}

	@Override
	public void onNext(EchoRequest request) {
		this.last = request.getMessage();
	}

	@Override
	public void onError(Throwable ex) {
		// The client is gone: nobody is left to answer
	}

	@Override
	public void onCompleted() {
		this.out.onNext(EchoService.echo(this.last));
		this.out.onCompleted();
	}

}
