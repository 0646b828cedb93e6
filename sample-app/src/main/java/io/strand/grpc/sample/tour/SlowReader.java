package io.strand.grpc.sample.tour;

import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;

import io.grpc.stub.ClientCallStreamObserver;
import io.grpc.stub.ClientResponseObserver;
import org.jspecify.annotations.Nullable;

/**
 * A client that reads nothing until it is told to. Thread-safe once its call has begun.
 *
 * @param <Q> the type of the request
 * @param <A> the type of answer
 */
class SlowReader<Q, A> extends Collector<A> implements ClientResponseObserver<Q, A> {

	private final AtomicInteger read = new AtomicInteger();

	private volatile @Nullable ClientCallStreamObserver<Q> call;

	SlowReader(Consumer<A> consumer) {
		super(consumer);
	}

	@Override
	public void beforeStart(ClientCallStreamObserver<Q> call) {
		call.disableAutoRequestWithInitial(0);
		this.call = call;
	}

	@Override
	public void onNext(A answer) {
		super.onNext(answer);
		this.read.incrementAndGet();
	}

	void readAll() {
		ClientCallStreamObserver<Q> current = this.call;
		if (current == null) {
			throw new IllegalStateException("The call has not begun");
		}
		current.request(Integer.MAX_VALUE);
	}

	/**
	 * The answers that it has read.
	 * @return how many
	 */
	int read() {
		return this.read.get();
	}

}
