package io.strand.grpc.sample.echo;

import io.grpc.stub.StreamObserver;
import io.strand.grpc.sample.proto.EchoGrpc;
import io.strand.grpc.sample.proto.EchoRequest;
import io.strand.grpc.sample.proto.EchoResponse;
import io.strand.grpc.service.GrpcService;
import io.strand.grpc.stream.BlockingStreams;
import io.strand.grpc.stream.ClientStream;

/**
 * Sends back what it is sent. Of its two methods that receive a stream, one is blocking
 * code and the other an observer, as gRPC generates them; what belongs to a call is kept
 * in the code or the observer of the call, and the service itself keeps nothing.
 */
@GrpcService(interceptors = TimestampInterceptor.class)
class EchoService extends EchoGrpc.EchoImplBase {

	/** As many as gRPC-go's example servers send. */
	private static final int REPETITIONS = 10;

	@Override
	public void unaryEcho(EchoRequest request, StreamObserver<EchoResponse> out) {
		out.onNext(echo(request.getMessage()));
		out.onCompleted();
	}

	@Override
	public void serverStreamingEcho(EchoRequest request, StreamObserver<EchoResponse> out) {
		for (int i = 0; i < REPETITIONS; i++) {
			out.onNext(echo(request.getMessage()));
		}
		out.onCompleted();
	}

	@Override
	public StreamObserver<EchoRequest> clientStreamingEcho(StreamObserver<EchoResponse> out) {
		return BlockingStreams.answer(out, EchoService::last);
	}

	@Override
	public StreamObserver<EchoRequest> bidirectionalStreamingEcho(StreamObserver<EchoResponse> out) {
		return new EachMessageEcho(out);
	}

	private static EchoResponse last(ClientStream<EchoRequest> requests) {
		String last = "";
		for (EchoRequest request : requests) {
			last = request.getMessage();
		}
		return echo(last);
	}

	static EchoResponse echo(String message) {
		return EchoResponse.newBuilder().setMessage(message).build();
	}

}
