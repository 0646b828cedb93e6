package io.strand.grpc.call;

import io.grpc.ServerCall;

/**
 * Ends calls for interceptors around others that have to see the end, where what is
 * inside of them has thrown. The engine would do the same later: with nothing of theirs
 * on the thread and, if the handler was not reached, past all interceptors.
 */
public final class CallFailure {

	private CallFailure() {
	}

	/**
	 * Does what the engine does about an exception: logs it, and ends the call with what
	 * the client is told of it. After that the interceptor is told of nothing but the end
	 * of the call. To be called on the call's thread.
	 * @param call the call, as the interceptor gave it on
	 * @param thrown what came back
	 * @param starting whether it came instead of a listener, so that the interceptor has
	 * to return one of its own
	 * @return whether it is dealt with; if not, it is to be thrown on
	 */
	public static boolean end(ServerCall<?, ?> call, Throwable thrown, boolean starting) {
		EngineServerCall<?, ?> engineCall = EngineServerCall.of(call);
		return engineCall != null && engineCall.owner().handlerRun().failedInside(call, thrown, starting);
	}

}
