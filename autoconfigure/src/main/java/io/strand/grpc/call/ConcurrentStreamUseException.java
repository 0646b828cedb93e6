package io.strand.grpc.call;

/**
 * Two threads used one end of a stream at the same time, where the application asked to
 * be told. Thrown to the second one; the stream is unharmed and the first thread goes on.
 * The stack of the first thread, as it was at that moment, is attached as a suppressed
 * exception.
 */
public class ConcurrentStreamUseException extends IllegalStateException {

	private ConcurrentStreamUseException(String message) {
		super(message);
	}

	static ConcurrentStreamUseException of(String what, String call, Thread first, String doing, long since,
			String remark) {
		Throwable where = new Throwable("Thread %s at that moment".formatted(End.describe(first)));
		where.setStackTrace(first.getStackTrace());
		ConcurrentStreamUseException exception = new ConcurrentStreamUseException(
				"Concurrent %s on %s: thread %s came while thread %s has been %s for %d ms%s".formatted(what, call,
						End.describe(Thread.currentThread()), End.describe(first), doing,
						(System.nanoTime() - since) / 1_000_000, remark));
		exception.addSuppressed(where);
		return exception;
	}

}
