package io.strand.grpc.call;

/**
 * The kind of thread that the handler of a call runs on.
 */
public enum Threading {

	/** Virtual threads where the JVM has them, else platform threads. */
	AUTO,

	/** A virtual thread of the call's own (Java 21 and newer). */
	VIRTUAL,

	/**
	 * A platform thread of a bounded pool. For handlers that compute for long: virtual
	 * threads are not time-shared.
	 */
	PLATFORM,

	/** The event loop of the connection: no hop, and nothing in it may block. */
	EVENT_LOOP

}
