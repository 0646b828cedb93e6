package io.strand.grpc.client;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;

import io.grpc.ClientCall;
import io.grpc.ForwardingClientCall.SimpleForwardingClientCall;
import io.grpc.ForwardingClientCallListener.SimpleForwardingClientCallListener;
import io.grpc.Metadata;
import io.grpc.Status;

/**
 * Counts the calls of a channel from their start until their last callback has returned.
 * Thread-safe.
 *
 * <p>
 * The channel itself counts as one as long as it is open, so the count comes to zero only
 * once, after it was closed. A call that starts even later is not waited for.
 */
final class InFlightCalls {

	private final AtomicInteger count = new AtomicInteger(1);

	private final AtomicBoolean closed = new AtomicBoolean();

	private final CountDownLatch none = new CountDownLatch(1);

	private final Runnable whenNone;

	/**
	 * Counts from none.
	 * @param whenNone told once, after {@link #close()}, that the last call has ended, on
	 * the thread of its last callback
	 */
	InFlightCalls(Runnable whenNone) {
		this.whenNone = whenNone;
	}

	<Q, R> ClientCall<Q, R> track(ClientCall<Q, R> call) {
		return new TrackedCall<>(call);
	}

	/** No call is expected any more. */
	void close() {
		if (this.closed.compareAndSet(false, true)) {
			leave();
		}
	}

	/** The calls that have started and not ended, while the channel is open. */
	int current() {
		return Math.max(this.count.get() - (this.closed.get() ? 0 : 1), 0);
	}

	boolean isNone() {
		return this.none.getCount() == 0;
	}

	/**
	 * Waits for the last callback of the last call, after {@link #close()}.
	 * @param nanos how long to wait, in nanoseconds
	 * @return whether all calls have ended
	 */
	boolean await(long nanos) throws InterruptedException {
		return this.none.await(nanos, TimeUnit.NANOSECONDS);
	}

	private void leave() {
		if (this.count.decrementAndGet() == 0) {
			this.none.countDown();
			this.whenNone.run();
		}
	}

	private final class TrackedCall<Q, R> extends SimpleForwardingClientCall<Q, R> {

		/**
		 * Set while it counts: a start that throws may have told the listener before, or
		 * tell it later.
		 */
		private final AtomicBoolean counted = new AtomicBoolean();

		TrackedCall(ClientCall<Q, R> delegate) {
			super(delegate);
		}

		private void end() {
			if (this.counted.compareAndSet(true, false)) {
				leave();
			}
		}

		@Override
		public void start(Listener<R> listener, Metadata headers) {
			InFlightCalls.this.count.incrementAndGet();
			this.counted.set(true);
			try {
				super.start(new SimpleForwardingClientCallListener<>(listener) {

					@Override
					public void onClose(Status status, Metadata trailers) {
						try {
							super.onClose(status, trailers);
						}
						finally {
							end();
						}
					}

				}, headers);
			}
			catch (RuntimeException | Error ex) {
				end(); // a call that did not start is not told of its end
				throw ex;
			}
		}

	}

}
