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
	 * What the server's address will be, known before it runs.
	 * @return the class for a TCP port, a Unix domain socket or an in-process name
	 */
	Class<? extends SocketAddress> addressType();

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
