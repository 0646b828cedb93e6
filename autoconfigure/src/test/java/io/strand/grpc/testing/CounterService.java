package io.strand.grpc.testing;

import java.util.concurrent.atomic.AtomicInteger;

import io.grpc.stub.StreamObserver;

/**
 * Counts its calls.
 */
public class CounterService extends CounterGrpc.CounterImplBase {

	private final AtomicInteger count = new AtomicInteger();

	@Override
	public void next(Message request, StreamObserver<Message> responses) {
		responses.onNext(request.toBuilder().setNumber(this.count.incrementAndGet()).build());
		responses.onCompleted();
	}

}
