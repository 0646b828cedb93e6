package io.strand.grpc.call;

import java.io.InputStream;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;

import io.grpc.BindableService;
import io.grpc.MethodDescriptor;
import io.grpc.MethodDescriptor.Marshaller;
import io.grpc.ServerServiceDefinition;
import io.grpc.stub.ServerCalls;
import io.strand.grpc.testing.EchoGrpc;
import io.strand.grpc.testing.Message;

/**
 * Records where requests are decoded, and tells what was decoded there.
 */
final class ParseRecorder {

	final List<String> threads = new CopyOnWriteArrayList<>();

	private final Consumer<Message> decoded;

	ParseRecorder() {
		this((message) -> {
		});
	}

	/**
	 * Tells of messages that have just been decoded.
	 * @param decoded what is told, on the thread that decodes
	 */
	ParseRecorder(Consumer<Message> decoded) {
		this.decoded = decoded;
	}

	BindableService service(ServerCalls.UnaryMethod<Message, Message> handler) {
		MethodDescriptor<Message, Message> unary = EchoGrpc.getUnaryMethod();
		Marshaller<Message> marshaller = unary.getRequestMarshaller();
		MethodDescriptor<Message, Message> method = unary.toBuilder(new Marshaller<Message>() {

			@Override
			public InputStream stream(Message message) {
				return marshaller.stream(message);
			}

			@Override
			public Message parse(InputStream stream) {
				ParseRecorder.this.threads.add(Thread.currentThread().getName());
				Message message = marshaller.parse(stream);
				ParseRecorder.this.decoded.accept(message);
				return message;
			}

		}, unary.getResponseMarshaller()).build();
		return () -> ServerServiceDefinition.builder("strand.testing.Echo")
			.addMethod(method, ServerCalls.asyncUnaryCall(handler))
			.build();
	}

}
