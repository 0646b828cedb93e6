package io.strand.grpc.call;

import java.net.SocketAddress;
import java.time.Duration;

import org.jspecify.annotations.Nullable;

/**
 * What can be seen of a call while it lives. Reading is safe from any thread and shows
 * one moment, in which the parts may be slightly apart.
 */
public interface LiveCall {

	/**
	 * What a call does.
	 */
	enum State {

		/** Its request has not arrived whole yet. */
		RECEIVING,

		/** It waits at a limit. */
		WAITING_FOR_PERMIT,

		/** It waits for a thread of the pool. */
		WAITING_FOR_THREAD,

		/** Its handler runs, or is done with what there was to do. */
		RUNNING,

		/** Its thread has nothing to do until a message comes. */
		WAITING_FOR_MESSAGE,

		/** A sender waits until its peer reads. */
		BLOCKED_SENDING

	}

	/**
	 * The number of the call, unique in its server.
	 * @return the number
	 */
	long id();

	/**
	 * The full name of its method.
	 * @return such as {@code shop.Orders/Place}
	 */
	String method();

	/**
	 * Where it came from.
	 * @return the address of the client, if the transport tells
	 */
	@Nullable SocketAddress peer();

	/**
	 * The thread it runs on.
	 * @return the thread, or {@code null} while it has none
	 */
	@Nullable Thread thread();

	/**
	 * What it does.
	 * @return its state
	 */
	State state();

	/**
	 * How long it has been in that state, at most. The clock is looked at where a call
	 * waits for something, not for each call: one that went straight to its handler is
	 * said to run since its headers arrived, and one of a method that runs on the event
	 * loop to be in its state since then.
	 * @return the time since its state changed
	 */
	Duration inState();

	/**
	 * How long it has been there.
	 * @return the time since its headers arrived
	 */
	Duration age();

	/**
	 * How many messages its handler was given.
	 * @return the count
	 */
	long received();

	/**
	 * How many messages it sent.
	 * @return the count
	 */
	long sent();

	/**
	 * How long its senders have waited for the peer until now.
	 * @return the time
	 */
	Duration blockedSending();

	/**
	 * Whether it was ended by a stop that does not wait for its client to read what was
	 * sent, or the end ({@link CallEngine#endAtStop}).
	 * @return whether nobody but its client keeps it open
	 */
	boolean isDismissed();

}
