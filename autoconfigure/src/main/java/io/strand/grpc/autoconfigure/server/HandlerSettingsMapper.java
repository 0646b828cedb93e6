package io.strand.grpc.autoconfigure.server;

import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;

import io.strand.grpc.autoconfigure.server.GrpcServerProperties.Handler;
import io.strand.grpc.autoconfigure.server.GrpcServerProperties.HandlerGroup;
import io.strand.grpc.autoconfigure.server.GrpcServerProperties.Streams;
import io.strand.grpc.call.Threading;
import io.strand.grpc.server.GrpcServerStartException;
import io.strand.grpc.server.HandlerOptions;
import io.strand.grpc.server.HandlerSettingsResolver;
import io.strand.grpc.thread.CallThreads;
import org.jspecify.annotations.Nullable;

import org.springframework.util.unit.DataSize;

/**
 * Turns the properties of handlers into their options. Values that make no sense are
 * refused here, where their property is known.
 */
class HandlerSettingsMapper {

	private final GrpcServerProperties properties;

	HandlerSettingsMapper(GrpcServerProperties properties) {
		this.properties = properties;
	}

	HandlerSettingsResolver map() {
		positive("strand.server.handler.platform.max-threads",
				this.properties.getHandler().getPlatform().getMaxThreads());
		return new HandlerSettingsResolver(server(), groups("strand.server.services", this.properties.getServices()),
				groups("strand.server.methods", this.properties.getMethods()));
	}

	private HandlerOptions server() {
		Handler handler = this.properties.getHandler();
		Streams streams = this.properties.getStreams();
		LimitsProperties limits = this.properties.getLimits();
		return new HandlerOptions(threading("strand.server.handler.threading", handler.getThreading()),
				handler.isInterruptOnCancel(), streams.getConcurrentSend(),
				bytes("strand.server.streams.ready-threshold", streams.getReadyThreshold()),
				positive("strand.server.streams.event-loop-queue", streams.getEventLoopQueue()),
				callsOrNone(limits.getMaxConcurrentCalls()),
				notNegative("strand.server.limits.max-wait", limits.getMaxWait()),
				notNegative("strand.server.limits.max-call-duration", limits.getMaxCallDuration()));
	}

	private static Map<String, HandlerOptions> groups(String property, Map<String, HandlerGroup> groups) {
		Map<String, HandlerOptions> options = new LinkedHashMap<>();
		groups.forEach((name, group) -> {
			String prefix = "%s[%s]".formatted(property, name);
			options.put(name,
					new HandlerOptions(threading(prefix + ".threading", group.getThreading()),
							group.getInterruptOnCancel(), group.getConcurrentSend(), null, null,
							positive(prefix + ".max-concurrent-calls", group.getMaxConcurrentCalls()),
							notNegative(prefix + ".max-wait", group.getMaxWait()),
							notNegative(prefix + ".max-call-duration", group.getMaxCallDuration())));
		});
		return options;
	}

	private static @Nullable Threading threading(String property, @Nullable Threading threading) {
		if (threading == Threading.VIRTUAL && !CallThreads.areVirtualAvailable()) {
			throw new GrpcServerStartException(property, "virtual",
					"This is Java %d, which has no virtual threads.".formatted(Runtime.version().feature()),
					"Run on Java 21 or newer, or use auto or platform.", null);
		}
		return threading;
	}

	private static @Nullable Integer callsOrNone(int maxConcurrentCalls) {
		int max = TransportLimitsMapper.count("max-concurrent-calls", maxConcurrentCalls);
		return (max > 0) ? max : null;
	}

	private static @Nullable Integer positive(String property, @Nullable Integer value) {
		if (value != null && value < 1) {
			throw new GrpcServerStartException(property, value, "It must be at least 1.",
					"Use a positive number, or remove the property for its default.", null);
		}
		return value;
	}

	private static @Nullable Duration notNegative(String property, @Nullable Duration value) {
		if (value != null && value.isNegative()) {
			throw new GrpcServerStartException(property, value, "It must not be negative.",
					"Use a duration such as 500ms, or 0.", null);
		}
		return value;
	}

	private static @Nullable Integer bytes(String property, @Nullable DataSize size) {
		if (size == null) {
			return null;
		}
		if (size.toBytes() < 1 || size.toBytes() > Integer.MAX_VALUE) {
			throw new GrpcServerStartException(property, size, "gRPC has no such threshold.",
					"Use a size from 1B to 2147483647B (one byte less than 2GB).", null);
		}
		return (int) size.toBytes();
	}

}
