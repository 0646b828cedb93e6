package io.strand.grpc.autoconfigure.client;

import java.util.LinkedHashMap;
import java.util.Map;

import org.jspecify.annotations.Nullable;

/**
 * How the calls of a channel are made.
 */
public class ChannelCallProperties extends CallProperties {

	/**
	 * Settings of methods by their full name, such as '[shop.Stock/Reserve]', and of all
	 * methods of a service by its, such as '[shop.Stock]'. They go before those of the
	 * channel.
	 */
	private final Map<String, MethodProperties> methods = new LinkedHashMap<>();

	/**
	 * Whether a service config that the name resolver brings replaces what the channel
	 * says of retry and hedging; true if not set. DNS brings none unless gRPC is told to
	 * ask for it, xDS always does.
	 */
	private @Nullable Boolean serviceConfigLookup;

	private final RetryThrottling retryThrottling = new RetryThrottling();

	public Map<String, MethodProperties> getMethods() {
		return this.methods;
	}

	public @Nullable Boolean getServiceConfigLookup() {
		return this.serviceConfigLookup;
	}

	public void setServiceConfigLookup(@Nullable Boolean serviceConfigLookup) {
		this.serviceConfigLookup = serviceConfigLookup;
	}

	public RetryThrottling getRetryThrottling() {
		return this.retryThrottling;
	}

	/**
	 * When a channel stops to retry and to hedge, because too much fails.
	 */
	public static class RetryThrottling {

		/**
		 * How many tokens there are at first and at most, 1 to 1000; a failure takes one.
		 * With half of them or fewer left, calls are made once. No throttling if not set.
		 */
		private @Nullable Integer maxTokens;

		/**
		 * How much of a token a success brings back, in thousandths; 0.1 if not set.
		 */
		private @Nullable Double tokenRatio;

		public @Nullable Integer getMaxTokens() {
			return this.maxTokens;
		}

		public void setMaxTokens(@Nullable Integer maxTokens) {
			this.maxTokens = maxTokens;
		}

		public @Nullable Double getTokenRatio() {
			return this.tokenRatio;
		}

		public void setTokenRatio(@Nullable Double tokenRatio) {
			this.tokenRatio = tokenRatio;
		}

	}

}
