package io.strand.grpc.call;

import org.jspecify.annotations.Nullable;

/**
 * The received messages of one call, between the transport thread that adds them and the
 * call's thread that takes them.
 */
abstract class Inbox {

	/**
	 * Adds a message. On the transport thread.
	 * @param message the message
	 */
	abstract void add(Object message);

	/**
	 * Whether the transport shall be asked for one more message, which is then counted.
	 * On the transport thread.
	 * @return whether there is room for it
	 */
	abstract boolean takeRoom();

	/**
	 * How many messages the transport shall be asked for now that one was taken, which
	 * are then counted. On the call's thread, from which asking costs a hop, so it is
	 * done for several at once.
	 * @return how many, zero for none
	 */
	abstract int takeFreedRoom();

	/**
	 * Takes the next message that the handler has asked for. On the call's thread.
	 * @return a message, or {@code null} if there is none for it
	 */
	abstract @Nullable Object poll();

	/** The handler asks for messages. On any thread. */
	abstract void addCredits(int count);

	/** Whether {@link #poll()} would find a message. On any thread. */
	abstract boolean hasDeliverable();

	abstract boolean isEmpty();

	/** Takes a message whether the handler has asked for it or not. On any thread. */
	abstract @Nullable Object remove();

	/** Gives back what nobody will read. On any thread. */
	final void discard() {
		Object message = remove();
		while (message != null) {
			discard(message);
			message = remove();
		}
	}

	/** Gives back a message that nobody will read, if there is one. */
	static void discard(@Nullable Object message) {
		if (message instanceof DeferredMessage deferred) {
			deferred.discard();
		}
	}

}
