package io.strand.grpc.sample;

import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;

import io.grpc.stub.StreamObserver;

/**
 * Collects the answers of one call until it ends.
 *
 * @param <T> the type of answer
 */
public class Answers<T> implements StreamObserver<T> {

	private final List<T> answers = new CopyOnWriteArrayList<>();

	private final CompletableFuture<List<T>> end = new CompletableFuture<>();

	@Override
	public void onNext(T answer) {
		this.answers.add(answer);
	}

	@Override
	public void onError(Throwable ex) {
		this.end.completeExceptionally(ex);
	}

	@Override
	public void onCompleted() {
		this.end.complete(this.answers);
	}

	public List<T> await() throws Exception {
		return this.end.get(20, TimeUnit.SECONDS);
	}

}
