package io.strand.grpc.call;

/**
 * Told when a call has ended that had a stream of requests, of responses or of both, once
 * and after the last callback of its handler.
 */
@FunctionalInterface
public interface StreamEndListener {

	/**
	 * A stream has ended. Called by whichever thread ends it, an event loop too: must not
	 * block.
	 * @param call the call as it was at the end
	 */
	void ended(LiveCall call);

}
