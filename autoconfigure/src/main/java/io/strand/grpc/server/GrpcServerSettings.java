package io.strand.grpc.server;

import java.nio.file.Path;
import java.time.Duration;

import io.grpc.ServerCredentials;
import org.jspecify.annotations.Nullable;

/**
 * Where the server listens and what it limits. Immutable. What is {@code null} is left to
 * gRPC's default.
 *
 * @param port the TCP port; 0 for a free one, -1 for no TCP at all
 * @param address the host name or address to bind the port to; {@code null} for all
 * addresses of the machine
 * @param credentials what the server proves its identity with; {@code null} for plaintext
 * @param unixSocket the file of a Unix domain socket to listen on as well
 * @param inProcessName the name of an in-process server that serves the same services
 * @param maxInboundMessageSize the largest message accepted, in bytes
 * @param maxInboundMetadataSize the largest headers accepted, in bytes
 * @param shutdownGracePeriod how long a stop waits for calls in flight
 * @param shutdownDrainDelay how long a stop still takes new calls before that
 * @param limits what connections are allowed
 */
public record GrpcServerSettings(int port, @Nullable String address, @Nullable ServerCredentials credentials,
		@Nullable Path unixSocket, @Nullable String inProcessName, @Nullable Integer maxInboundMessageSize,
		@Nullable Integer maxInboundMetadataSize, Duration shutdownGracePeriod, Duration shutdownDrainDelay,
		TransportLimits limits) {

	/**
	 * Settings with the default limits.
	 * @param port the TCP port; 0 for a free one, -1 for no TCP at all
	 * @param address the host name or address to bind the port to; {@code null} for all
	 * addresses of the machine
	 * @param credentials what the server proves its identity with; {@code null} for
	 * plaintext
	 * @param unixSocket the file of a Unix domain socket to listen on as well
	 * @param inProcessName the name of an in-process server that serves the same services
	 * @param maxInboundMessageSize the largest message accepted, in bytes
	 * @param maxInboundMetadataSize the largest headers accepted, in bytes
	 * @param shutdownGracePeriod how long a stop waits for calls in flight
	 * @param shutdownDrainDelay how long a stop still takes new calls before that
	 */
	public GrpcServerSettings(int port, @Nullable String address, @Nullable ServerCredentials credentials,
			@Nullable Path unixSocket, @Nullable String inProcessName, @Nullable Integer maxInboundMessageSize,
			@Nullable Integer maxInboundMetadataSize, Duration shutdownGracePeriod, Duration shutdownDrainDelay) {
		this(port, address, credentials, unixSocket, inProcessName, maxInboundMessageSize, maxInboundMetadataSize,
				shutdownGracePeriod, shutdownDrainDelay, TransportLimits.DEFAULT);
	}

}
