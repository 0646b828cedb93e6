package io.strand.grpc.server;

import java.time.Duration;
import java.util.concurrent.TimeUnit;

import io.grpc.netty.shaded.io.grpc.netty.NettyServerBuilder;

/**
 * What the server allows the connections of its clients. Immutable. Zero means no limit,
 * and never.
 *
 * @param maxConnections how many connections may be open at all listeners together
 * @param maxCallsPerConnection how many calls may be open on a connection
 * @param maxResets how many streams of a connection may be reset in a window, by the
 * client or because of it
 * @param resetWindow the window; whole seconds
 * @param handshakeTimeout how long the TLS handshake and the first frames may take
 * @param maxConnectionIdle how long a connection without calls is kept
 * @param maxConnectionAge how long any connection is kept
 * @param maxConnectionAgeGrace how long calls may go on beyond that
 * @param keepAliveTime how long a connection is silent before it is probed
 * @param keepAliveTimeout how long a probe waits for its answer
 * @param permitKeepAliveTime how often clients may probe
 * @param permitKeepAliveWithoutCalls whether they may without calls
 * @param flowControlWindow how many bytes a stream, and a connection, may send ahead
 * @param description the limits of the server in words, for the log; empty to log none
 */
public record TransportLimits(int maxConnections, int maxCallsPerConnection, int maxResets, Duration resetWindow,
		Duration handshakeTimeout, Duration maxConnectionIdle, Duration maxConnectionAge,
		Duration maxConnectionAgeGrace, Duration keepAliveTime, Duration keepAliveTimeout, Duration permitKeepAliveTime,
		boolean permitKeepAliveWithoutCalls, int flowControlWindow, String description) {

	/** The limits of a server that is not told others. */
	public static final TransportLimits DEFAULT = new TransportLimits(10_000, 1000, 200, Duration.ofSeconds(30),
			Duration.ofSeconds(10), Duration.ofMinutes(15), Duration.ZERO, Duration.ofMinutes(1), Duration.ofMinutes(5),
			Duration.ofSeconds(20), Duration.ofMinutes(1), true, 1024 * 1024, "");

	/**
	 * Sets all but the number of connections, which gRPC knows no limit for.
	 * @param builder the builder of a server
	 */
	void applyTo(NettyServerBuilder builder) {
		if (this.maxCallsPerConnection > 0) {
			builder.maxConcurrentCallsPerConnection(this.maxCallsPerConnection);
		}
		if (this.maxResets > 0) {
			builder.maxRstFramesPerWindow(this.maxResets, (int) this.resetWindow.toSeconds());
		}
		// gRPC has a timeout of its own unless told that there is none
		builder.handshakeTimeout(isOn(this.handshakeTimeout) ? this.handshakeTimeout.toMillis() : Long.MAX_VALUE,
				TimeUnit.MILLISECONDS);
		if (isOn(this.maxConnectionIdle)) {
			builder.maxConnectionIdle(this.maxConnectionIdle.toMillis(), TimeUnit.MILLISECONDS);
		}
		if (isOn(this.maxConnectionAge)) {
			builder.maxConnectionAge(this.maxConnectionAge.toMillis(), TimeUnit.MILLISECONDS)
				.maxConnectionAgeGrace(this.maxConnectionAgeGrace.toMillis(), TimeUnit.MILLISECONDS);
		}
		builder.keepAliveTime(isOn(this.keepAliveTime) ? this.keepAliveTime.toNanos() : Long.MAX_VALUE,
				TimeUnit.NANOSECONDS);
		builder.keepAliveTimeout(this.keepAliveTimeout.toMillis(), TimeUnit.MILLISECONDS)
			.permitKeepAliveTime(this.permitKeepAliveTime.toMillis(), TimeUnit.MILLISECONDS)
			.permitKeepAliveWithoutCalls(this.permitKeepAliveWithoutCalls)
			.flowControlWindow(this.flowControlWindow);
	}

	private static boolean isOn(Duration duration) {
		return !duration.isZero();
	}

}
