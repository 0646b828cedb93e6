package io.strand.grpc.autoconfigure.client;

import java.util.concurrent.atomic.AtomicInteger;

import io.grpc.Status;
import io.grpc.stub.StreamObserver;
import io.strand.grpc.testing.EchoService;
import io.strand.grpc.testing.Message;

/**
 * Fails some calls before it answers.
 */
class FlakyEchoService extends EchoService {

	private final AtomicInteger failures = new AtomicInteger();

	private volatile Status status = Status.UNAVAILABLE;

	void failNext(int calls, Status status) {
		this.status = status;
		this.failures.set(calls);
	}

	@Override
	public void unary(Message request, StreamObserver<Message> responses) {
		if (this.failures.getAndDecrement() > 0) {
			responses.onError(this.status.asRuntimeException());
		}
		else {
			super.unary(request, responses);
		}
	}

	/**
	 * Fails after as many messages as asked for.
	 */
	@Override
	public void serverStream(Message request, StreamObserver<Message> responses) {
		if (this.failures.getAndDecrement() > 0) {
			for (int i = 0; i < request.getNumber(); i++) {
				responses.onNext(request);
			}
			responses.onError(this.status.asRuntimeException());
		}
		else {
			super.serverStream(request, responses);
		}
	}

}
