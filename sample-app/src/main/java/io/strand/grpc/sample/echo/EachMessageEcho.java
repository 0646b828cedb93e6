package io.strand.grpc.sample.echo;

import io.grpc.stub.StreamObserver;
import io.strand.grpc.sample.proto.EchoRequest;
import io.strand.grpc.sample.proto.EchoResponse;

/**
 * One bidirectional call: answers each message with itself. All answers are sent by the
 * call's own thread, one after the other, which is what gRPC asks for.
 */
class EachMessageEcho implements StreamObserver<EchoRequest> {

	private final StreamObserver<EchoResponse> out;

	EachMessageEcho(StreamObserver<EchoResponse> out) {
		this.out = out;
	}

	@Override
	public void onNext(EchoRequest request) {
		this.out.onNext(EchoService.echo(request.getMessage()));
	}

	@Override
	public void onError(Throwable ex) {
		// The client is gone: nobody is left to answer
	}

	@Override
	public void onCompleted() {
		this.out.onCompleted();
	}

}
