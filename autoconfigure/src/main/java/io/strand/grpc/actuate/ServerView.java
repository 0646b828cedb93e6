package io.strand.grpc.actuate;

import java.util.List;

import io.strand.grpc.call.CallEngine;

/**
 * The server as the actuator needs it. Safe from any thread.
 */
public interface ServerView {

	/**
	 * Where the server listens.
	 * @return its addresses in words; none while it does not run
	 */
	List<String> addresses();

	/**
	 * What runs its calls.
	 * @return the engine
	 */
	CallEngine engine();

	/**
	 * The connections of its sockets, at this moment.
	 * @return how many there are, and what they are allowed
	 */
	ConnectionsDescriptor connections();

	/**
	 * Has traffic go elsewhere and long streams come to their end, without stopping.
	 */
	void drain();

}
