package io.strand.grpc.testing;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

import io.grpc.stub.StreamObserver;

/**
 * Blocks each of its calls until the test lets them go on, or 30 seconds.
 */
public class BlockingStockService extends StockGrpc.StockImplBase {

	private final CountDownLatch entered = new CountDownLatch(1);

	private final CountDownLatch released = new CountDownLatch(1);

	private final CountDownLatch interrupted = new CountDownLatch(1);

	@Override
	public void reserve(Message request, StreamObserver<Message> responses) {
		this.entered.countDown();
		try {
			if (this.released.await(30, TimeUnit.SECONDS)) {
				responses.onNext(request);
				responses.onCompleted();
			}
		}
		catch (InterruptedException ex) {
			this.interrupted.countDown();
		}
	}

	/**
	 * Blocks until a call is in the handler.
	 * @throws InterruptedException if interrupted meanwhile
	 */
	public void awaitEntered() throws InterruptedException {
		awaited(this.entered, "No call has come");
	}

	/**
	 * Blocks until the thread of a call was interrupted.
	 * @throws InterruptedException if interrupted meanwhile
	 */
	public void awaitInterrupted() throws InterruptedException {
		awaited(this.interrupted, "The handler was not interrupted");
	}

	private static void awaited(CountDownLatch latch, String failure) throws InterruptedException {
		if (!latch.await(10, TimeUnit.SECONDS)) {
			throw new AssertionError(failure);
		}
	}

	/**
	 * Lets all calls go on.
	 */
	public void release() {
		this.released.countDown();
	}

}
