package io.strand.grpc.call;

/**
 * How far a call has come. {@link HandlerCall} says who moves it on.
 */
enum CallPhase {

	/**
	 * A call whose client sends one message waits for its half-close, so that its thread
	 * finds the whole request; others go on at once.
	 */
	ARRIVED,

	/** At a limit; passed over where none is reached. */
	WAITING,

	/** It has passed the limits and will get a thread. */
	ADMITTED,

	/** It has, or had, a thread. */
	RUNNING,

	/** It is closed and its thread has come to rest. There may be callbacks yet. */
	ANSWERED,

	/** Its last callback has returned, or it never ran. */
	ENDED;

	/** Whether no thread has begun with the call yet, so that the call can do without. */
	boolean isBeforeRunning() {
		return compareTo(RUNNING) < 0;
	}

	/** Whether the call counts at its limits. */
	boolean hasPlace() {
		return this == ADMITTED || this == RUNNING;
	}

	/** Whether the call has passed the limits and has not ended. */
	boolean isRunning() {
		return hasPlace() || this == ANSWERED;
	}

}
