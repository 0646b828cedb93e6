package io.strand.grpc.benchmarks;

import com.google.protobuf.ByteString;
import io.strand.grpc.stream.BidiStream;
import io.strand.grpc.stream.ServerStream;

/**
 * The same service as {@link BenchService}, in plain methods.
 */
class BenchMethods {

	Response unary(Request request) throws InterruptedException {
		if (request.getBlockMillis() > 0) {
			Thread.sleep(request.getBlockMillis());
		}
		return Response.newBuilder().setNumber(request.getNumber()).build();
	}

	void stream(Request request, ServerStream<Response> responses) {
		ByteString payload = ByteString.copyFrom(new byte[request.getSize()]);
		for (int i = 0; i < request.getMessages(); i++) {
			responses.send(Response.newBuilder().setNumber(i).setPayload(payload).build());
		}
	}

	void pingPong(BidiStream<Request, Response> stream) {
		for (Request request : stream) {
			stream.send(Response.newBuilder().setNumber(request.getNumber()).build());
		}
	}

	void manySenders(Request request, ServerStream<Response> responses) throws InterruptedException {
		Thread[] senders = new Thread[request.getSenders()];
		for (int i = 0; i < senders.length; i++) {
			int sender = i;
			senders[i] = new Thread(() -> {
				for (int j = 0; j < request.getMessages(); j++) {
					responses.send(Response.newBuilder().setSender(sender).setNumber(j).build());
				}
			}, "bench-sender-" + i);
		}
		for (Thread sender : senders) {
			sender.start();
		}
		for (Thread sender : senders) {
			sender.join();
		}
	}

}
