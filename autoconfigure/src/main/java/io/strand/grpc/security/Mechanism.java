package io.strand.grpc.security;

import org.springframework.security.authentication.AuthenticationManager;

/**
 * One way for clients to prove who they are.
 *
 * @param name what to call it in the log
 * @param source where it looks
 * @param converter finds the credentials
 * @param manager checks them
 */
record Mechanism(String name, Source source, GrpcAuthenticationConverter converter, AuthenticationManager manager) {

	/** Where credentials are, in the order in which they are looked for. */
	enum Source {

		/** The header {@code authorization}. */
		HEADER,

		/** Where the application's own converter looks. */
		CUSTOM,

		/**
		 * The connection, on which several users may send: what a call says goes first.
		 */
		CONNECTION

	}

}
