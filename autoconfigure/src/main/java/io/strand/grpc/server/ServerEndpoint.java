package io.strand.grpc.server;

import java.io.IOException;
import java.net.SocketAddress;

import io.grpc.Server;
import io.grpc.ServerBuilder;
import org.jspecify.annotations.Nullable;

/**
 * One address that the server can be reached at.
 */
interface ServerEndpoint {

	/**
	 * Makes a builder that will listen on this endpoint and knows its settings.
	 * @return a new builder
	 * @throws GrpcServerStartException if the endpoint cannot be used here
	 */
	ServerBuilder<?> newBuilder();

	/**
	 * Starts a server built by {@link #newBuilder()}.
	 * @param server the server
	 * @throws GrpcServerStartException if it cannot listen here
	 */
	default void start(Server server) {
		try {
			server.start();
		}
		catch (IOException ex) {
			throw startFailure(ex);
		}
	}

	/**
	 * Says what kept the server from listening.
	 * @param cause the failure
	 * @return an exception that names the property to change
	 */
	GrpcServerStartException startFailure(IOException cause);

	/**
	 * The address a client in this application would use.
	 * @param server the started server
	 * @return the address
	 */
	SocketAddress address(Server server);

	/**
	 * The address in words, for the log.
	 * @param server the started server
	 * @return a few words
	 */
	String describe(Server server);

	/**
	 * The listener that this is an address of.
	 * @return the listener, or {@code null} for a main address of the server
	 */
	default @Nullable ServerListener listener() {
		return null;
	}

	/**
	 * What the innermost cause says, which is where the operating system speaks.
	 * @param failure a failure
	 * @return a message
	 */
	static String rootMessage(Throwable failure) {
		Throwable root = failure;
		while (root.getCause() != null) {
			root = root.getCause();
		}
		return (root.getMessage() != null) ? root.getMessage() : root.toString();
	}

	/**
	 * Gives back what this endpoint holds beside the server.
	 */
	default void release() {
	}

}
