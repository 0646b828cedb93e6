package io.strand.grpc.autoconfigure.server;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;

import org.jspecify.annotations.Nullable;

/**
 * Says in one line which limits the server has, and which are off.
 */
class LimitsInWords {

	private final List<String> on = new ArrayList<>();

	private final List<String> off = new ArrayList<>();

	private LimitsInWords(GrpcServerProperties properties) {
		LimitsProperties limits = properties.getLimits();
		KeepAliveProperties keepAlive = limits.getKeepAlive();
		count("%d connections", "max-connections", limits.getMaxConnections());
		count("%d calls", "max-concurrent-calls", limits.getMaxConcurrentCalls());
		count("%d calls per connection", "max-concurrent-calls-per-connection",
				limits.getMaxConcurrentCallsPerConnection());
		count("%d resets in " + words(limits.getResetWindow()), "max-resets", limits.getMaxResets());
		duration("handshake %s", "handshake-timeout", limits.getHandshakeTimeout());
		duration("idle connections %s", "max-connection-idle", limits.getMaxConnectionIdle());
		duration("connections %s", "max-connection-age", limits.getMaxConnectionAge());
		duration("probes every %s for " + words(keepAlive.getTimeout()), "keep-alive.time", keepAlive.getTime());
		duration("clients' probes every %s", "keep-alive.permit-time", keepAlive.getPermitTime());
		this.on.add("metadata " + properties.getMaxInboundMetadataSize());
		this.on.add("messages " + properties.getMaxInboundMessageSize());
		this.on.add("window " + limits.getFlowControlWindow());
		Duration longest = Objects.requireNonNullElse(limits.getMaxCallDuration(), Duration.ZERO);
		if (!longest.isZero() || !isAnySet(properties.getServices()) && !isAnySet(properties.getMethods())) {
			duration("calls of %s", "max-call-duration", longest);
		}
		else {
			this.on.add("longest calls of some methods");
		}
	}

	static String of(GrpcServerProperties properties) {
		LimitsInWords words = new LimitsInWords(properties);
		return String.join(", ", words.on) + (words.off.isEmpty() ? ""
				: " (off in strand.server.limits: %s)".formatted(String.join(", ", words.off)));
	}

	private static boolean isAnySet(Map<String, GrpcServerProperties.HandlerGroup> groups) {
		return groups.values()
			.stream()
			.map(GrpcServerProperties.HandlerGroup::getMaxCallDuration)
			.anyMatch(LimitsInWords::isOn);
	}

	private static boolean isOn(@Nullable Duration duration) {
		return duration != null && !duration.isZero();
	}

	private void count(String words, String name, int count) {
		if (count > 0) {
			this.on.add(words.formatted(count));
		}
		else {
			this.off.add(name);
		}
	}

	private void duration(String words, String name, Duration duration) {
		if (isOn(duration)) {
			this.on.add(words.formatted(words(duration)));
		}
		else {
			this.off.add(name);
		}
	}

	private static String words(Duration duration) {
		if (duration.toSecondsPart() == 0 && duration.toMillisPart() == 0) {
			return duration.toMinutes() + " min";
		}
		return (duration.toMillisPart() == 0) ? duration.toSeconds() + " s" : duration.toMillis() + " ms";
	}

}
