package io.strand.grpc.stream;

import io.grpc.BindableService;
import io.grpc.ServerServiceDefinition;
import io.grpc.stub.StreamObserver;
import io.strand.grpc.testing.EchoGrpc;
import io.strand.grpc.testing.EchoHandlers;
import io.strand.grpc.testing.Message;

/**
 * The echo service in blocking code, with what its methods do given by a test. Without,
 * they echo.
 */
final class BlockingEcho implements BindableService {

	BlockingHandlers.Unary<Message, Message> unary = (request) -> request;

	BlockingHandlers.ServerStreaming<Message, Message> serverStream = (request, responses) -> responses.send(request);

	BlockingHandlers.ClientStreaming<Message, Message> clientStream = (requests) -> {
		Message last = Message.getDefaultInstance();
		for (Message request : requests) {
			last = request;
		}
		return last;
	};

	BlockingHandlers.BidiStreaming<Message, Message> bidi = (stream) -> {
		for (Message message : stream) {
			stream.send(message);
		}
	};

	@Override
	public ServerServiceDefinition bindService() {
		return ServerServiceDefinition.builder(EchoGrpc.getServiceDescriptor())
			.addMethod(EchoGrpc.getUnaryMethod(), BlockingHandlers.unary((request) -> this.unary.answer(request)))
			.addMethod(EchoGrpc.getServerStreamMethod(),
					BlockingHandlers
						.serverStreaming((request, responses) -> this.serverStream.answer(request, responses)))
			.addMethod(EchoGrpc.getClientStreamMethod(),
					BlockingHandlers.clientStreaming((requests) -> this.clientStream.answer(requests)))
			.addMethod(EchoGrpc.getBidiMethod(), BlockingHandlers.bidiStreaming((stream) -> this.bidi.talk(stream)))
			.build();
	}

	/** The same inside of the generated base class. */
	BindableService implBase() {
		return new EchoHandlers().clientStream((out) -> BlockingStreams.answer(out, this::answerClientStream))
			.bidi((StreamObserver<Message> out) -> BlockingStreams.<Message, Message>talk(out,
					(stream) -> this.bidi.talk(stream)));
	}

	private Message answerClientStream(ClientStream<Message> requests) throws Throwable {
		return this.clientStream.answer(requests);
	}

}
