package io.strand.grpc.stream;

import java.time.Duration;
import java.util.Iterator;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.ReentrantLock;

import io.grpc.Status;
import io.grpc.StatusException;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.BlockingClientCall;
import org.jspecify.annotations.Nullable;

/**
 * A client's streaming call with the words of the server's streams, to be closed like a
 * file:
 *
 * <pre>{@code
 * try (StreamingCall<Line, Line> call = StreamingCall.of(stub.chat())) {
 * 	call.send(line);
 * 	Line answer = call.receive();
 * }
 * }</pre>
 *
 * gRPC's {@link BlockingClientCall} does the work: it waits for the transport, for
 * messages and for the end, and Strand's channels make its senders safe. What it lacks is
 * here: several receivers at a time, a {@link #close()} that cancels, and unchecked
 * exceptions. Safe from any number of threads: each message goes to exactly one receiver.
 *
 * @param <Q> the type of the requests
 * @param <R> the type of the responses
 */
public final class StreamingCall<Q, R> implements AutoCloseable, Iterable<R> {

	private static final String CLOSED = "The client has closed the call";

	private final BlockingClientCall<Q, R> call;

	/** Held while receiving: the call below can take one reader. */
	private final ReentrantLock receiving = new ReentrantLock(true);

	private volatile boolean closed;

	private StreamingCall(BlockingClientCall<Q, R> call) {
		this.call = call;
	}

	/**
	 * Makes a call of one that a generated {@code …BlockingV2Stub} has started.
	 * @param <Q> the type of the requests
	 * @param <R> the type of the responses
	 * @param call what the stub returned, used by nobody else from now on
	 * @return the call
	 */
	public static <Q, R> StreamingCall<Q, R> of(BlockingClientCall<Q, R> call) {
		return new StreamingCall<>(call);
	}

	/**
	 * Sends a request. Blocks while the server does not read.
	 * @param message the request
	 * @throws StatusRuntimeException if the call has ended, whether the server has
	 * answered early (CANCELLED) or something went wrong, or the thread is interrupted
	 * (CANCELLED; its interrupt status stays set): the message was not sent
	 * @throws IllegalStateException after {@link #halfClose()}
	 */
	public void send(Q message) {
		try {
			if (!this.call.write(message)) {
				throw Status.CANCELLED
					.withDescription("The server has ended the call; the message was not sent, what it answered can be"
							+ " received")
					.asRuntimeException();
			}
		}
		catch (StatusException ex) {
			throw unchecked(ex);
		}
		catch (InterruptedException ex) {
			throw interrupted("send");
		}
		catch (IllegalStateException ex) {
			throw this.closed ? Status.CANCELLED.withDescription(CLOSED).withCause(ex).asRuntimeException() : ex;
		}
	}

	/**
	 * Waits for the next response.
	 * @return the response, or {@code null} when the call has ended well
	 * @throws StatusRuntimeException if the call has failed, or the thread is interrupted
	 * (CANCELLED; its interrupt status stays set)
	 */
	public @Nullable R receive() {
		try {
			this.receiving.lockInterruptibly();
			try {
				return this.call.read();
			}
			finally {
				this.receiving.unlock();
			}
		}
		catch (StatusException ex) {
			throw unchecked(ex);
		}
		catch (InterruptedException ex) {
			throw interrupted("receive");
		}
	}

	/**
	 * Waits for the next response, but not for ever.
	 * @param timeout how long; zero or less to look only
	 * @return the response, or {@code null} when the call has ended well
	 * @throws TimeoutException if none came in time; the call goes on
	 * @throws StatusRuntimeException as {@link #receive()}
	 */
	public @Nullable R receive(Duration timeout) throws TimeoutException {
		long nanos = IncomingStream.nanos(timeout);
		long start = System.nanoTime();
		try {
			if (!this.receiving.tryLock(nanos, TimeUnit.NANOSECONDS)) {
				throw new TimeoutException("Another thread receives");
			}
			try {
				return this.call.read(nanos - (System.nanoTime() - start), TimeUnit.NANOSECONDS);
			}
			finally {
				this.receiving.unlock();
			}
		}
		catch (StatusException ex) {
			throw unchecked(ex);
		}
		catch (InterruptedException ex) {
			throw interrupted("receive");
		}
	}

	/**
	 * Says that there are no more requests. The server's answer is still to come.
	 * @throws IllegalStateException if that was said before
	 */
	public void halfClose() {
		this.call.halfClose();
	}

	/**
	 * Cancels the call, unless it has ended: who waits is woken. Idempotent.
	 */
	@Override
	public void close() {
		this.closed = true;
		this.call.cancel(CLOSED, null);
	}

	/**
	 * The responses that are still to come, as {@link #receive()} gives them.
	 * @return an iterator that waits
	 */
	@Override
	public Iterator<R> iterator() {
		return new MessageIterator<>(this::receive, "The call has ended");
	}

	private static StatusRuntimeException unchecked(StatusException ex) {
		StatusRuntimeException unchecked = ex.getStatus().asRuntimeException(ex.getTrailers());
		unchecked.addSuppressed(ex);
		return unchecked;
	}

	private static StatusRuntimeException interrupted(String doing) {
		Thread.currentThread().interrupt();
		return Status.CANCELLED.withDescription("Interrupted while waiting to " + doing).asRuntimeException();
	}

}
