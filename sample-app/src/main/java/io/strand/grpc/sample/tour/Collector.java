package io.strand.grpc.sample.tour;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

import io.grpc.Status;
import io.grpc.stub.StreamObserver;

/**
 * Takes the answers of one call. gRPC hands them over one after the other; what the
 * consumer wrote is visible to the thread that has awaited the end.
 *
 * @param <T> the type of answer
 */
class Collector<T> implements StreamObserver<T> {

	private static final long LIMIT_SECONDS = 60;

	private final Consumer<T> consumer;

	private final CompletableFuture<Boolean> end = new CompletableFuture<>();

	Collector(Consumer<T> consumer) {
		this.consumer = consumer;
	}

	@Override
	public void onNext(T answer) {
		this.consumer.accept(answer);
	}

	@Override
	public void onError(Throwable ex) {
		this.end.completeExceptionally(ex);
	}

	@Override
	public void onCompleted() {
		this.end.complete(true);
	}

	/**
	 * Blocks until the call has ended, a minute at most.
	 * @throws Exception if it failed, took too long, or the caller was interrupted
	 */
	void awaitEnd() throws Exception {
		this.end.get(LIMIT_SECONDS, TimeUnit.SECONDS);
	}

	/**
	 * Blocks until the call has ended, a minute at most, well or not.
	 * @return how it ended
	 * @throws Exception if it took too long, or the caller was interrupted
	 */
	Status awaitStatus() throws Exception {
		try {
			awaitEnd();
			return Status.OK;
		}
		catch (ExecutionException ex) {
			return Status.fromThrowable(ex);
		}
	}

}
