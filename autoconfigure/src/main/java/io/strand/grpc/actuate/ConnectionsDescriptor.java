package io.strand.grpc.actuate;

/**
 * The connections of the server's sockets and what they are allowed, as operators see
 * them. A limit of zero is none.
 *
 * @param open how many are open, silent ones too
 * @param refused how many were closed at once because there were too many
 * @param limit how many may be open
 * @param callsPerConnection how many calls may be open on each
 * @param resetsPerWindow how many of its streams may be reset in a window
 * @param resetWindowMillis the window
 * @param handshakeTimeoutMillis how long the handshake and the first frames may take
 * @param maxIdleMillis how long one without calls is kept
 * @param maxAgeMillis how long any is kept
 */
public record ConnectionsDescriptor(int open, long refused, int limit, int callsPerConnection, int resetsPerWindow,
		long resetWindowMillis, long handshakeTimeoutMillis, long maxIdleMillis, long maxAgeMillis) {

}
