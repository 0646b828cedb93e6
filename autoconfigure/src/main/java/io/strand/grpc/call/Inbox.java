package io.strand.grpc.call;

import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;

import org.jspecify.annotations.Nullable;

/**
 * The received messages of one call, between the transport thread that adds them and the
 * call's thread that takes them.
 *
 * <p>
 * Messages are asked for from the transport ahead of the handler, up to
 * {@value #AHEAD_MESSAGES} of them or {@value #AHEAD_BYTES} bytes, since asking for one
 * from another thread than the transport's costs a hop. The handler gets only as many as
 * it has asked for, so what it asked for is kept here as {@link #credits}.
 */
final class Inbox {

	static final int AHEAD_MESSAGES = 8;

	static final int AHEAD_BYTES = 64 * 1024;

	private final Queue<Object> messages = new ConcurrentLinkedQueue<>();

	/** Messages that the handler has asked for and not been given. */
	private final AtomicInteger credits = new AtomicInteger();

	/** Messages asked for from the transport or waiting here. */
	private final AtomicInteger ahead = new AtomicInteger();

	/** Bytes of the messages that wait here. */
	private final AtomicInteger bytes = new AtomicInteger();

	/** Whether the handler's requests are counted; not where there is one message. */
	private final boolean streaming;

	Inbox(boolean streaming) {
		this.streaming = streaming;
	}

	/**
	 * Adds a message. On the transport thread.
	 * @param message the message
	 */
	void add(Object message) {
		if (this.streaming && message instanceof DeferredMessage deferred) {
			this.bytes.addAndGet(deferred.size());
		}
		this.messages.add(message);
	}

	/**
	 * Whether the transport shall be asked for one more message, which is then counted.
	 * On any thread.
	 * @return whether there is room for it
	 */
	boolean takeRoom() {
		int current = this.ahead.get();
		while (current < AHEAD_MESSAGES && (current == 0 || this.bytes.get() < AHEAD_BYTES)) {
			int witness = this.ahead.compareAndExchange(current, current + 1);
			if (witness == current) {
				return true;
			}
			current = witness;
		}
		return false;
	}

	/**
	 * Takes the next message that the handler has asked for. On the call's thread.
	 * @return a message, or {@code null} if there is none for it
	 */
	@Nullable Object poll() {
		if (!this.streaming) {
			return this.messages.poll();
		}
		if (this.credits.get() <= 0) {
			return null;
		}
		Object message = this.messages.poll();
		if (message != null) {
			this.credits.decrementAndGet();
			if (message instanceof DeferredMessage deferred) {
				this.bytes.addAndGet(-deferred.size());
			}
			this.ahead.decrementAndGet();
		}
		return message;
	}

	void addCredits(int count) {
		this.credits.addAndGet(count);
	}

	boolean hasDeliverable() {
		return !this.messages.isEmpty() && (!this.streaming || this.credits.get() > 0);
	}

	boolean isEmpty() {
		return this.messages.isEmpty();
	}

	/** Gives back what nobody will read. On any thread. */
	void discard() {
		Object message = this.messages.poll();
		while (message != null) {
			if (message instanceof DeferredMessage deferred) {
				deferred.discard();
			}
			message = this.messages.poll();
		}
	}

}
