package io.strand.grpc.autoconfigure.server;

import java.time.Duration;

import io.strand.grpc.server.GrpcServerSettings;
import io.strand.grpc.server.GrpcServerStartException;
import org.jspecify.annotations.Nullable;

import org.springframework.util.StringUtils;
import org.springframework.util.unit.DataSize;

/**
 * Turns the properties of the server into its settings. A value that gRPC would refuse,
 * or take for something else, is refused here, where its property is known.
 */
class GrpcServerSettingsMapper {

	static final int HIGHEST_PORT = 65535;

	private final ServerSsl ssl;

	GrpcServerSettingsMapper(ServerSsl ssl) {
		this.ssl = ssl;
	}

	GrpcServerSettings map(GrpcServerProperties properties) {
		return new GrpcServerSettings(port(properties.getPort()), textOrNull(properties.getAddress()),
				this.ssl.credentials("strand.server.ssl", properties.getSsl()), properties.getUnixSocket(),
				textOrNull(properties.getInProcess().getName()),
				bytes("strand.server.max-inbound-message-size", properties.getMaxInboundMessageSize()),
				bytes("strand.server.max-inbound-metadata-size", properties.getMaxInboundMetadataSize()),
				properties.getShutdownGracePeriod(), drainDelay(properties.getShutdownDrainDelay()),
				new TransportLimitsMapper(properties).map());
	}

	private static int port(int port) {
		if (port < -1 || port > HIGHEST_PORT) {
			throw new GrpcServerStartException("strand.server.port", port, "There is no such port.",
					"Use 1 to 65535, 0 for any free port, or -1 for no TCP port.", null);
		}
		return port;
	}

	private static Duration drainDelay(Duration delay) {
		if (delay.isNegative()) {
			throw new GrpcServerStartException("strand.server.shutdown-drain-delay", delay, "It must not be negative.",
					"Use a duration such as 5s, or 0.", null);
		}
		return delay;
	}

	private static int bytes(String property, DataSize size) {
		if (size.toBytes() < 1 || size.toBytes() > Integer.MAX_VALUE) {
			throw new GrpcServerStartException(property, size, "gRPC has no such limit.",
					"Use a size from 1B to 2147483647B (one byte less than 2GB).", null);
		}
		return (int) size.toBytes();
	}

	/**
	 * Empty is how a placeholder without a value arrives, and means not set: an empty
	 * host name would be the loopback address.
	 */
	private static @Nullable String textOrNull(@Nullable String value) {
		return StringUtils.hasText(value) ? value : null;
	}

}
