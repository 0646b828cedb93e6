package io.strand.grpc.testing;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

import io.grpc.stub.StreamObserver;

/**
 * The number of the first answer to a call.
 */
public final class NumberAnswer implements StreamObserver<Message> {

	private final CompletableFuture<Integer> number = new CompletableFuture<>();

	/**
	 * Waits for the answer, for 20 seconds at most.
	 * @return the number
	 */
	public int get() throws Exception {
		return this.number.get(20, TimeUnit.SECONDS);
	}

	@Override
	public void onNext(Message message) {
		this.number.complete(message.getNumber());
	}

	@Override
	public void onError(Throwable error) {
		this.number.completeExceptionally(error);
	}

	@Override
	public void onCompleted() {
	}

}
