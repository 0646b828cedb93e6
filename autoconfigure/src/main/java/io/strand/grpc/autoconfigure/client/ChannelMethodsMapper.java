package io.strand.grpc.autoconfigure.client;

import java.util.LinkedHashMap;
import java.util.Map;

import io.strand.grpc.autoconfigure.client.CallProperties.Retry;
import io.strand.grpc.autoconfigure.client.MethodProperties.Hedging;
import io.strand.grpc.client.method.ChannelMethods;
import io.strand.grpc.client.method.HedgingPolicy;
import io.strand.grpc.client.method.MethodSettings;
import io.strand.grpc.client.method.RetryPolicy;
import io.strand.grpc.client.method.RetryThrottling;

/**
 * Turns the properties of calls into the settings of methods.
 */
final class ChannelMethodsMapper {

	private ChannelMethodsMapper() {
	}

	static ChannelMethods map(ChannelCallProperties properties) {
		Map<String, MethodSettings> entries = new LinkedHashMap<>();
		properties.getMethods()
			.forEach((name, method) -> entries.put(name, settings(method).hedging(hedging(method)).build()));
		ChannelCallProperties.RetryThrottling throttling = properties.getRetryThrottling();
		return new ChannelMethods(settings(properties).build(), entries,
				new RetryThrottling(throttling.getMaxTokens(), throttling.getTokenRatio()),
				properties.getServiceConfigLookup());
	}

	private static MethodSettings.Builder settings(CallProperties properties) {
		return MethodSettings.builder()
			.deadline(properties.getDeadline())
			.streamDeadline(properties.getStreamDeadline())
			.deadlineMargin(properties.getDeadlineMargin())
			.requireDeadline(properties.getRequireDeadline())
			.waitForReady(properties.getWaitForReady())
			.retry(retry(properties.getRetry()));
	}

	private static RetryPolicy retry(Retry retry) {
		return new RetryPolicy(retry.getEnabled(), retry.getMaxAttempts(), retry.getInitialBackoff(),
				retry.getMaxBackoff(), retry.getBackoffMultiplier(), retry.getRetryableStatusCodes());
	}

	private static HedgingPolicy hedging(MethodProperties method) {
		Hedging hedging = method.getHedging();
		return new HedgingPolicy(hedging.getEnabled(), hedging.getMaxAttempts(), hedging.getDelay(),
				hedging.getNonFatalStatusCodes());
	}

}
