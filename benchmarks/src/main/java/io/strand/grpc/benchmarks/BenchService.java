package io.strand.grpc.benchmarks;

import java.util.concurrent.BrokenBarrierException;
import java.util.concurrent.CyclicBarrier;

import com.google.protobuf.ByteString;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;

/**
 * The service that every server under test serves, in plain gRPC style.
 */
class BenchService extends BenchGrpc.BenchImplBase {

	@Override
	public void unary(Request request, StreamObserver<Response> responses) {
		if (request.getBlockMillis() > 0) {
			try {
				Thread.sleep(request.getBlockMillis());
			}
			catch (InterruptedException ex) {
				Thread.currentThread().interrupt();
				return;
			}
		}
		responses.onNext(Response.newBuilder().setNumber(request.getNumber()).build());
		responses.onCompleted();
	}

	@Override
	public void stream(Request request, StreamObserver<Response> responses) {
		ServerCallStreamObserver<Response> call = (ServerCallStreamObserver<Response>) responses;
		ByteString payload = ByteString.copyFrom(new byte[request.getSize()]);
		if (Boolean.getBoolean("bench.manual-flow-control")) {
			// What a careful handler does on a server where sending does not block
			int[] next = { 0 };
			call.setOnReadyHandler(() -> {
				while (call.isReady() && next[0] < request.getMessages()) {
					call.onNext(Response.newBuilder().setNumber(next[0]++).setPayload(payload).build());
				}
				if (next[0] == request.getMessages()) {
					next[0]++;
					call.onCompleted();
				}
			});
			return;
		}
		for (int i = 0; i < request.getMessages(); i++) {
			responses.onNext(Response.newBuilder().setNumber(i).setPayload(payload).build());
		}
		responses.onCompleted();
	}

	@Override
	public StreamObserver<Request> pingPong(StreamObserver<Response> responses) {
		return new StreamObserver<>() {

			@Override
			public void onNext(Request request) {
				responses.onNext(Response.newBuilder().setNumber(request.getNumber()).build());
			}

			@Override
			public void onError(Throwable error) {
				// the client has gone
			}

			@Override
			public void onCompleted() {
				responses.onCompleted();
			}

		};
	}

	@Override
	public void manySenders(Request request, StreamObserver<Response> responses) {
		Thread[] senders = new Thread[request.getSenders()];
		// All race for the first message of the stream
		CyclicBarrier gate = new CyclicBarrier(senders.length);
		for (int i = 0; i < senders.length; i++) {
			int sender = i;
			senders[i] = new Thread(() -> send(gate, sender, request.getMessages(), responses), "bench-sender-" + i);
			senders[i].start();
		}
		try {
			for (Thread sender : senders) {
				sender.join();
			}
		}
		catch (InterruptedException ex) {
			Thread.currentThread().interrupt();
			return;
		}
		responses.onCompleted();
	}

	private static void send(CyclicBarrier gate, int sender, int messages, StreamObserver<Response> responses) {
		try {
			gate.await();
			for (int i = 0; i < messages; i++) {
				responses.onNext(Response.newBuilder().setSender(sender).setNumber(i).build());
			}
		}
		catch (InterruptedException ex) {
			Thread.currentThread().interrupt();
		}
		catch (BrokenBarrierException | RuntimeException ex) {
			// The stream broke, which the client sees
		}
	}

}
