package io.strand.grpc.call;

import java.util.concurrent.atomic.AtomicBoolean;

import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;

/**
 * What event loops send on one stream, who wait neither for the lock of its guard nor for
 * its transport. Thread-safe.
 *
 * <p>
 * What they cannot do at once goes to a bounded queue. Whoever gets the lock empties it
 * first, so an event loop that gets it sends in its own order; whoever lets go of the
 * lock looks at the queue afterwards, so nothing is left behind. What was queued before
 * an end is sent before it: the end empties the queue once more after it is that of the
 * stream. What is queued later is withdrawn by the event loop itself, which looks at the
 * end after adding.
 */
final class EventLoopSends {

	private static final Log logger = LogFactory.getLog(EventLoopSends.class);

	private static final AtomicBoolean warned = new AtomicBoolean();

	private final SendGuard guard;

	private final int limit;

	private final EventLoopQueue queue = new EventLoopQueue();

	/**
	 * Messages that were sent since the transport was last seen ready. Guarded by the
	 * lock.
	 */
	private int unready;

	EventLoopSends(SendGuard guard, int limit) {
		this.guard = guard;
		this.limit = limit;
	}

	// On an event loop

	/** Counts a message that is sent with the lock held, though nobody takes it. */
	void takeRoom() {
		if (this.unready >= this.limit) {
			throw full();
		}
		this.unready++;
		warnOnce();
	}

	/** Sends a message or headers later. */
	void send(Runnable transmit, boolean mayWait) {
		EventLoopQueue.Operation operation = new EventLoopQueue.Operation(
				mayWait ? () -> transmitMessage(transmit) : transmit, true);
		End ended = this.guard.end();
		if (ended == null) {
			offer(operation);
			ended = this.guard.end();
		}
		if (ended != null && operation.withdraw()) {
			throw this.guard.tooLate(ended);
		}
	}

	private void transmitMessage(Runnable transmit) {
		if (this.guard.cancellation() == null) {
			this.unready = this.guard.isReady() ? 0 : this.unready + 1;
			transmit.run();
		}
	}

	/** Does later what is part of sending. */
	void offer(Runnable transmit) {
		offer(new EventLoopQueue.Operation(transmit, false));
	}

	private void offer(EventLoopQueue.Operation operation) {
		if (!this.queue.offer(operation, this.limit)) {
			throw full();
		}
		added();
	}

	/** Ends the stream later. */
	void end(Runnable close) {
		this.queue.add(new EventLoopQueue.Operation(close, false));
		added();
	}

	private void added() {
		if (this.guard.waiting() != null) {
			warnOnce();
		}
		this.guard.drainIfFree(this);
	}

	private StatusRuntimeException full() {
		return Status.RESOURCE_EXHAUSTED
			.withDescription(("An event loop sent %d messages on %s that its peer does not take; the message was not"
					+ " sent. Send from a thread that may block, or raise the event-loop-queue of its streams")
				.formatted(this.limit, this.guard.describe()))
			.asRuntimeException();
	}

	private void warnOnce() {
		if (warned.compareAndSet(false, true)) {
			logger.warn(("%s is sent to by the event loop %s while its peer is slow: event loops cannot wait, so up to"
					+ " %d messages are queued")
				.formatted(this.guard.describe(), Thread.currentThread().getName(), this.limit));
		}
	}

	boolean isEmpty() {
		return this.queue.isEmpty();
	}

	// With the lock held

	void transportIsReady() {
		this.unready = 0;
	}

	/** Sends what is there. */
	void drain() {
		EventLoopQueue.Operation operation = this.queue.poll();
		while (operation != null) {
			try {
				operation.run(this.guard.isClosed());
			}
			catch (Throwable ex) {
				logger.error("What an event loop sent on %s is lost".formatted(this.guard.describe()),
						LoggedFailure.of(ex));
			}
			operation = this.queue.poll();
		}
	}

}
