package io.strand.grpc.autoconfigure.server;

import java.time.Duration;

import io.strand.grpc.server.GrpcServerStartException;
import io.strand.grpc.server.TransportLimits;

import org.springframework.util.unit.DataSize;

/**
 * Turns the properties of connections into their limits. Values that gRPC would refuse,
 * or silently replace by another, are refused here, where their property is known.
 */
class TransportLimitsMapper {

	private static final String PREFIX = "strand.server.limits.";

	/** HTTP/2 begins with it, and gRPC cannot make that of a connection smaller. */
	private static final int SMALLEST_WINDOW = 65_535;

	/** What fits in nanoseconds, with room for gRPC to add to it. */
	private static final Duration LONGEST = Duration.ofDays(1000);

	private final GrpcServerProperties properties;

	private final LimitsProperties limits;

	TransportLimitsMapper(GrpcServerProperties properties) {
		this.properties = properties;
		this.limits = properties.getLimits();
	}

	TransportLimits map() {
		KeepAliveProperties keepAlive = this.limits.getKeepAlive();
		return new TransportLimits(count("max-connections", this.limits.getMaxConnections()),
				count("max-concurrent-calls-per-connection", this.limits.getMaxConcurrentCallsPerConnection()),
				count("max-resets", this.limits.getMaxResets()), window(this.limits.getResetWindow()),
				zeroOrFrom(Duration.ofMillis(1), "handshake-timeout", this.limits.getHandshakeTimeout()),
				zeroOrFrom(Duration.ofSeconds(1), "max-connection-idle", this.limits.getMaxConnectionIdle()),
				zeroOrFrom(Duration.ofSeconds(1), "max-connection-age", this.limits.getMaxConnectionAge()),
				zeroOrFrom(Duration.ofMillis(1), "max-connection-age-grace", this.limits.getMaxConnectionAgeGrace()),
				zeroOrFrom(Duration.ofSeconds(10), "keep-alive.time", keepAlive.getTime()),
				from(Duration.ofMillis(10), "keep-alive.timeout", keepAlive.getTimeout()),
				zeroOrFrom(Duration.ofMillis(1), "keep-alive.permit-time", keepAlive.getPermitTime()),
				keepAlive.isPermitWithoutCalls(), window(this.limits.getFlowControlWindow()),
				LimitsInWords.of(this.properties));
	}

	static int count(String name, int count) {
		if (count < 0) {
			throw new GrpcServerStartException(PREFIX + name, count, "It must not be negative.",
					"Use a positive number, or 0 for no limit.", null);
		}
		return count;
	}

	private static Duration window(Duration window) {
		if (window.compareTo(Duration.ofSeconds(1)) < 0 || window.getNano() != 0 || window.compareTo(LONGEST) > 0) {
			throw new GrpcServerStartException(PREFIX + "reset-window", window,
					"gRPC counts resets in whole seconds, at least one.", "Use a duration such as 30s.", null);
		}
		return window;
	}

	private static Duration zeroOrFrom(Duration least, String name, Duration duration) {
		return duration.isZero() ? duration : from(least, name, duration, ", or 0 to turn it off");
	}

	private static Duration from(Duration least, String name, Duration duration) {
		return from(least, name, duration, "");
	}

	private static Duration from(Duration least, String name, Duration duration, String off) {
		if (duration.compareTo(least) < 0 || duration.compareTo(LONGEST) > 0) {
			throw new GrpcServerStartException(PREFIX + name, duration, "gRPC has no such duration here.",
					"Use %d ms to %d days%s.".formatted(least.toMillis(), LONGEST.toDays(), off), null);
		}
		return duration;
	}

	private static int window(DataSize window) {
		if (window.toBytes() < SMALLEST_WINDOW || window.toBytes() > Integer.MAX_VALUE) {
			throw new GrpcServerStartException(PREFIX + "flow-control-window", window, "HTTP/2 has no such window.",
					"Use a size from %dB to %dB.".formatted(SMALLEST_WINDOW, Integer.MAX_VALUE), null);
		}
		return (int) window.toBytes();
	}

}
