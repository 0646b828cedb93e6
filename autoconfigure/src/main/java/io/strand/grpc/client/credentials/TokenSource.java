package io.strand.grpc.client.credentials;

/**
 * Where bearer tokens come from.
 */
@FunctionalInterface
public interface TokenSource {

	/**
	 * Gets a token. May block: it is called on a thread that is there for that, and by
	 * one thread at a time. It is interrupted if it takes longer than calls wait for it.
	 * @return a token
	 * @throws Exception if there is none; calls fail as UNAVAILABLE if an
	 * {@link java.io.IOException} is the reason, else as UNAUTHENTICATED
	 */
	AccessToken fetch() throws Exception;

	/**
	 * Gets a token after a server has refused the last one before its time. A source that
	 * keeps tokens forgets that one. By default the same as {@link #fetch}.
	 * @return a token
	 * @throws Exception if there is none
	 */
	default AccessToken fetchAnew() throws Exception {
		return fetch();
	}

}
