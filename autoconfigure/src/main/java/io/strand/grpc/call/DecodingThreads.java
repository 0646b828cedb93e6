package io.strand.grpc.call;

import java.util.Objects;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.atomic.AtomicBoolean;

import io.grpc.Context;
import io.strand.grpc.thread.CallThreads;
import org.jspecify.annotations.Nullable;

/**
 * Decodes the large messages of calls on virtual threads. The few platform threads that
 * carry virtual ones are never taken off what they carry, so a message that takes a
 * millisecond would hold up the small calls that wait for one of them. Here that is up to
 * the operating system, and the threads give way by themselves ({@link PiecewiseInput}).
 * There are half as many of them as processors, and none while nothing large comes.
 * Thread-safe.
 */
final class DecodingThreads implements AutoCloseable {

	private final ThreadPoolExecutor pool = CallThreads.platformPool("grpc-decode-",
			Math.max(1, Runtime.getRuntime().availableProcessors() / 2));

	/**
	 * Decodes a message, and blocks until that is done: to the call it is as if its own
	 * thread did it. An interrupt is left set, and ends the wait only if the call was
	 * cancelled and it is not the message's turn yet.
	 * @param message the message, which is given back in any case
	 * @param call the call that it came with
	 * @return the message, or {@code null} if the call was cancelled before its turn
	 */
	@Nullable Object decode(DeferredMessage message, HandlerCall<?, ?> call) {
		Decoding decoding = new Decoding(message, call);
		try {
			this.pool.execute(Context.current().wrap(decoding));
		}
		catch (RejectedExecutionException | OutOfMemoryError ex) {
			// The server has stopped and this handler has not, or there is no thread
			decoding.run();
		}
		return decoding.await();
	}

	/** What was handed over already is decoded still. */
	@Override
	public void close() {
		this.pool.shutdown();
	}

	/**
	 * The decoding of one message, by whoever is the first to {@link #begin}, which also
	 * owns the message's memory then. Thread-safe.
	 */
	private static final class Decoding extends FutureTask<@Nullable Object> {

		private final DeferredMessage message;

		private final HandlerCall<?, ?> call;

		private final AtomicBoolean begun = new AtomicBoolean();

		Decoding(DeferredMessage message, HandlerCall<?, ?> call) {
			super(() -> decodeUnlessCancelled(message, call));
			this.message = message;
			this.call = call;
		}

		private static @Nullable Object decodeUnlessCancelled(DeferredMessage message, HandlerCall<?, ?> call) {
			if (call.isCancelled()) {
				message.discard();
				return null;
			}
			return call.thread().onBehalf(message::decodeInPieces);
		}

		private boolean begin() {
			return !this.begun.getAndSet(true);
		}

		@Override
		public void run() {
			if (begin()) {
				super.run();
			}
		}

		@Nullable Object await() {
			boolean interrupted = false;
			try {
				while (true) {
					try {
						return get();
					}
					catch (InterruptedException ex) {
						interrupted = true;
						// Who cancels says so before it interrupts
						if (this.call.isCancelled() && begin()) {
							this.message.discard();
							return null;
						}
					}
					catch (ExecutionException ex) {
						throw rethrow(Objects.requireNonNull(ex.getCause()));
					}
				}
			}
			finally {
				if (interrupted) {
					Thread.currentThread().interrupt();
				}
			}
		}

		/** As it is: some languages let marshallers throw what is checked here. */
		@SuppressWarnings("unchecked")
		private static <T extends Throwable> RuntimeException rethrow(Throwable thrown) throws T {
			throw (T) thrown;
		}

	}

}
