package io.strand.grpc.client.method;

/**
 * What happens to a call that has no deadline: neither one of its own, nor a default, nor
 * that of a call being served.
 */
public enum RequireDeadline {

	/** It is made. */
	OFF,

	/** It is made, and a line of the log names its method now and then. */
	WARN,

	/** It is not made and ends as {@code FAILED_PRECONDITION}. */
	FAIL

}
