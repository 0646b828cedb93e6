package io.strand.grpc.call;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadPoolExecutor;

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
	 * Decodes a message, which the current thread waits for: to the call it is as if it
	 * did so itself. An interrupt does not end the wait, and is left set.
	 * @param message the message, which is given back in any case
	 * @param call the call that it came with
	 * @return the message, or {@code null} if the call was cancelled before its turn
	 */
	@Nullable Object decode(DeferredMessage message, HandlerCall<?, ?> call) {
		CompletableFuture<@Nullable Object> decoded;
		try {
			decoded = CompletableFuture.supplyAsync(() -> decodeUnlessCancelled(message, call),
					Context.currentContextExecutor(this.pool));
		}
		catch (RejectedExecutionException ex) {
			return message.decode(); // the server has stopped, and this handler has not
		}
		try {
			return decoded.join();
		}
		catch (CompletionException ex) {
			if (ex.getCause() instanceof RuntimeException exception) {
				throw exception;
			}
			if (ex.getCause() instanceof Error error) {
				throw error;
			}
			throw ex;
		}
	}

	private static @Nullable Object decodeUnlessCancelled(DeferredMessage message, HandlerCall<?, ?> call) {
		if (call.isCancelled()) {
			message.discard();
			return null;
		}
		return call.thread().onBehalf(message::decode);
	}

	/** What was handed over already is decoded still. */
	@Override
	public void close() {
		this.pool.shutdown();
	}

}
