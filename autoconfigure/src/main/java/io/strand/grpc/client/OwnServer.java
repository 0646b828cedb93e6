package io.strand.grpc.client;

import java.net.SocketAddress;

import org.jspecify.annotations.Nullable;

/**
 * The gRPC server of this application, as its clients see it: what the target
 * {@code self:} leads to. Implementations are thread-safe.
 */
public interface OwnServer {

	/**
	 * Whether this application serves a proto service. Does not create the service.
	 * @param protoService the full name of the service
	 * @return whether it does
	 */
	boolean serves(String protoService);

	/**
	 * Where the server can be reached if it has no TCP port: {@code unix:…} or
	 * {@code in-process:…}.
	 * @return a target, or {@code null} if the server has a TCP port
	 */
	@Nullable String targetWithoutTcp();

	/**
	 * Where the server listens.
	 * @return the address, or {@code null} while it does not run
	 */
	@Nullable SocketAddress address();

	/**
	 * Has a listener called each time the server has started.
	 * @param listener the listener
	 */
	void onStart(Runnable listener);

}
