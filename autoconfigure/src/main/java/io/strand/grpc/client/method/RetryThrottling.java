package io.strand.grpc.client.method;

import java.util.Map;

import org.jspecify.annotations.Nullable;

/**
 * When a channel stops to retry and to hedge, because too much fails. Each failure takes
 * a token, each success brings back a part of one; with half of the tokens or fewer left,
 * calls are made once. Immutable.
 *
 * @param maxTokens how many tokens there are at first and at most, up to 1000
 * @param tokenRatio how much of a token a success brings back, in thousandths at best;
 * 0.1 if not set
 */
public record RetryThrottling(@Nullable Integer maxTokens, @Nullable Double tokenRatio) {

	/** Throttling that is not set. */
	public static final RetryThrottling NONE = new RetryThrottling(null, null);

	private static final int MOST_TOKENS = 1000;

	private static final double SMALLEST_RATIO = 0.001;

	private static final double DEFAULT_TOKEN_RATIO = 0.1;

	RetryThrottling inherit(RetryThrottling parent) {
		return new RetryThrottling(MethodSettings.own(this.maxTokens, parent.maxTokens),
				MethodSettings.own(this.tokenRatio, parent.tokenRatio));
	}

	boolean isActive() {
		return this.maxTokens != null;
	}

	void check(SettingsCheck check) {
		check.that(this.maxTokens == null || (this.maxTokens >= 1 && this.maxTokens <= MOST_TOKENS), "max-tokens",
				this.maxTokens, "Set it to a number from 1 to 1000.");
		check.that(this.tokenRatio == null || (this.tokenRatio >= SMALLEST_RATIO && this.tokenRatio <= MOST_TOKENS),
				"token-ratio", this.tokenRatio,
				"Set it to a number from 0.001 to 1000, such as 0.1 for one token in ten successes.");
	}

	void checkWhole(SettingsCheck check) {
		if (this.tokenRatio != null && this.maxTokens == null) {
			throw check.refuse("%s is set, but not how many tokens there are.".formatted(check.name("token-ratio")),
					"Set %s, such as to 10.".formatted(check.name("max-tokens")));
		}
	}

	/**
	 * The throttling as gRPC's service config has it.
	 */
	Map<String, Object> toServiceConfig() {
		return Map.of("maxTokens", (this.maxTokens != null) ? this.maxTokens : MOST_TOKENS, "tokenRatio",
				(this.tokenRatio != null) ? this.tokenRatio : DEFAULT_TOKEN_RATIO);
	}

}
