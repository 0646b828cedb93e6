package io.strand.grpc.client;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;

import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ClientCall;
import io.grpc.ForwardingClientCall.SimpleForwardingClientCall;
import io.grpc.ForwardingClientCallListener.SimpleForwardingClientCallListener;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.Status;
import io.strand.grpc.client.connection.OpenStreams;

/**
 * Counts the calls of a channel. Thread-safe.
 *
 * <p>
 * For the end of the channel a call counts until its last callback has returned. The
 * channel itself counts as one as long as it is open, so the count comes to zero only
 * once, after it was closed. A call that starts even later is not waited for. The last
 * callback of a blocking stream is run by its reader, so never if that has gone: who asks
 * for the calls in flight is not told of those whose streams have closed.
 */
final class InFlightCalls {

	private final AtomicInteger count = new AtomicInteger(1);

	/** Calls that count though they have no stream any more. */
	private final AtomicInteger left = new AtomicInteger();

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

	/**
	 * Makes a call that counts when it has started.
	 * @param channel where it is made
	 * @param method its method
	 * @param options its options
	 */
	<Q, R> ClientCall<Q, R> newCall(Channel channel, MethodDescriptor<Q, R> method, CallOptions options) {
		Streams streams = new Streams();
		return new TrackedCall<>(
				channel.newCall(method, OpenStreams.watch(method, options, streams::opened, streams::closed)), streams);
	}

	/** No call is expected any more. */
	void close() {
		if (this.closed.compareAndSet(false, true)) {
			leave();
		}
	}

	/** The calls that have started and not ended, while the channel is open. */
	int current() {
		return Math.max(this.count.get() - (this.closed.get() ? 0 : 1) - this.left.get(), 0);
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

	/**
	 * Whether a call is one of those without a stream.
	 */
	private final class Streams {

		private final AtomicBoolean gone = new AtomicBoolean();

		private volatile boolean over;

		void opened() {
			if (this.gone.compareAndSet(true, false)) {
				InFlightCalls.this.left.decrementAndGet();
			}
		}

		void closed() {
			if (!this.over && this.gone.compareAndSet(false, true)) {
				InFlightCalls.this.left.incrementAndGet();
				if (this.over) {
					opened();
				}
			}
		}

		/** The call does not count any more. */
		void end() {
			this.over = true;
			opened();
		}

	}

	private final class TrackedCall<Q, R> extends SimpleForwardingClientCall<Q, R> {

		private final Streams streams;

		/**
		 * Set while it counts: a start that throws may have told the listener before, or
		 * tell it later.
		 */
		private final AtomicBoolean counted = new AtomicBoolean();

		TrackedCall(ClientCall<Q, R> delegate, Streams streams) {
			super(delegate);
			this.streams = streams;
		}

		private void end() {
			if (this.counted.compareAndSet(true, false)) {
				this.streams.end();
				InFlightCalls.this.leave();
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
