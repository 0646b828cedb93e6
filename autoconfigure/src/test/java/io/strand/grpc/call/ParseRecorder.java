package io.strand.grpc.call;

import java.io.InputStream;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

import io.grpc.BindableService;
import io.grpc.MethodDescriptor;
import io.grpc.ServerServiceDefinition;
import io.grpc.stub.ServerCalls;
import io.strand.grpc.testing.EchoGrpc;
import io.strand.grpc.testing.Message;

/**
 * Records where requests are decoded.
 */
final class ParseRecorder {

	final List<String> threads = new CopyOnWriteArrayList<>();

	BindableService service(ServerCalls.UnaryMethod<Message, Message> handler) {
		MethodDescriptor<Message, Message> unary = EchoGrpc.getUnaryMethod();
		MethodDescriptor.Marshaller<Message> marshaller = unary.getRequestMarshaller();
		MethodDescriptor<Message, Message> method = unary.toBuilder(new MethodDescriptor.Marshaller<Message>() {

			@Override
			public InputStream stream(Message message) {
				return marshaller.stream(message);
			}

			@Override
			public Message parse(InputStream stream) {
				ParseRecorder.this.threads.add(Thread.currentThread().getName());
				return marshaller.parse(stream);
			}

		}, unary.getResponseMarshaller()).build();
		return () -> ServerServiceDefinition.builder("strand.testing.Echo")
			.addMethod(method, ServerCalls.asyncUnaryCall(handler))
			.build();
	}

}
