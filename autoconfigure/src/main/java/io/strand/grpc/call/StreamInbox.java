package io.strand.grpc.call;

import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;

import org.jspecify.annotations.Nullable;

/**
 * The inbox of a call whose client sends a stream.
 *
 * <p>
 * Messages are asked for from the transport ahead of the handler, up to
 * {@value #AHEAD_MESSAGES} of them or {@value #AHEAD_BYTES} bytes, since asking for one
 * from another thread than the transport's costs a hop: the transport thread asks when a
 * message comes, the call's thread only once half of the room is free, and then for all
 * of it, unless messages are large. The handler gets only as many as it has asked for, so
 * what it asked for is kept here as {@link #credits}.
 */
final class StreamInbox extends Inbox {

	static final int AHEAD_MESSAGES = 8;

	static final int AHEAD_BYTES = 64 * 1024;

	private final Queue<Object> messages = new ConcurrentLinkedQueue<>();

	/**
	 * Messages that the handler has asked for and not been given. A handler may ask for
	 * {@link Integer#MAX_VALUE} more than once.
	 */
	private final AtomicLong credits = new AtomicLong();

	/** Messages asked for from the transport or waiting here. */
	private final AtomicInteger ahead = new AtomicInteger();

	/** Bytes of the messages that wait here. */
	private final AtomicInteger bytes = new AtomicInteger();

	/** Bytes of the message that was taken last. Confined to the call's thread. */
	private int lastBytes;

	@Override
	void add(Object message) {
		if (message instanceof DeferredMessage deferred) {
			this.bytes.addAndGet(deferred.size());
		}
		this.messages.add(message);
	}

	@Override
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

	@Override
	int takeFreedRoom() {
		int current = this.ahead.get();
		while (current <= AHEAD_MESSAGES / 2 && (current == 0 || this.bytes.get() < AHEAD_BYTES)) {
			int room = (this.lastBytes <= AHEAD_BYTES / AHEAD_MESSAGES) ? AHEAD_MESSAGES - current : 1;
			int witness = this.ahead.compareAndExchange(current, current + room);
			if (witness == current) {
				return room;
			}
			current = witness;
		}
		return 0;
	}

	@Override
	@Nullable Object poll() {
		if (this.credits.get() <= 0) {
			return null;
		}
		Object message = this.messages.poll();
		if (message != null) {
			this.credits.decrementAndGet();
			if (message instanceof DeferredMessage deferred) {
				this.lastBytes = deferred.size();
				this.bytes.addAndGet(-this.lastBytes);
			}
			this.ahead.decrementAndGet();
		}
		return message;
	}

	@Override
	void addCredits(int count) {
		this.credits.addAndGet(count);
	}

	@Override
	boolean hasDeliverable() {
		return !this.messages.isEmpty() && this.credits.get() > 0;
	}

	@Override
	boolean isEmpty() {
		return this.messages.isEmpty();
	}

	@Override
	@Nullable Object remove() {
		return this.messages.poll();
	}

}
