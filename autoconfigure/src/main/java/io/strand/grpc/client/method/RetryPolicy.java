package io.strand.grpc.client.method;

import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;

import io.grpc.Status;
import org.jspecify.annotations.Nullable;

/**
 * Whether and how calls that failed are made again. What is {@code null} is left to the
 * next wider policy, at last to the default. Immutable.
 *
 * @param enabled whether to retry; by default if the attempts are set
 * @param maxAttempts how often a call is made at most, the first time included: 2 to 5
 * @param initialBackoff how long the second attempt waits, give or take a fifth; 100ms if
 * not set
 * @param maxBackoff how long an attempt waits at most; 1s if not set, or the initial
 * backoff where that is longer
 * @param backoffMultiplier how much longer each attempt waits than the one before; 2 if
 * not set
 * @param retryableStatusCodes the failures after which a call is made again; UNAVAILABLE
 * if not set
 */
public record RetryPolicy(@Nullable Boolean enabled, @Nullable Integer maxAttempts, @Nullable Duration initialBackoff,
		@Nullable Duration maxBackoff, @Nullable Double backoffMultiplier,
		@Nullable Set<Status.Code> retryableStatusCodes) {

	/** A policy that leaves everything open. */
	public static final RetryPolicy NONE = new RetryPolicy(null, null, null, null, null, null);

	private static final Duration DEFAULT_INITIAL_BACKOFF = Duration.ofMillis(100);

	private static final Duration DEFAULT_MAX_BACKOFF = Duration.ofSeconds(1);

	private static final double DEFAULT_BACKOFF_MULTIPLIER = 2;

	public RetryPolicy {
		retryableStatusCodes = (retryableStatusCodes != null) ? Set.copyOf(retryableStatusCodes) : null;
	}

	/**
	 * A policy with everything but the attempts left open.
	 * @param maxAttempts how often a call is made at most, the first time included
	 * @return the policy
	 */
	public static RetryPolicy ofAttempts(int maxAttempts) {
		return new RetryPolicy(null, maxAttempts, null, null, null, null);
	}

	/** Whether it asks for retries, whatever wider policies say. */
	boolean isAskedFor() {
		return !Boolean.FALSE.equals(this.enabled) && !equals(NONE);
	}

	/** Whether calls are retried, when nothing wider is left to ask. */
	boolean isActive() {
		return !Boolean.FALSE.equals(this.enabled) && this.maxAttempts != null;
	}

	RetryPolicy inherit(RetryPolicy parent) {
		return new RetryPolicy(enabled(parent), MethodSettings.own(this.maxAttempts, parent.maxAttempts),
				MethodSettings.own(this.initialBackoff, parent.initialBackoff),
				MethodSettings.own(this.maxBackoff, parent.maxBackoff),
				MethodSettings.own(this.backoffMultiplier, parent.backoffMultiplier),
				MethodSettings.own(this.retryableStatusCodes, parent.retryableStatusCodes));
	}

	/**
	 * Attempts that are set here switch on what is off further out.
	 */
	private @Nullable Boolean enabled(RetryPolicy parent) {
		Boolean own = (this.enabled == null && this.maxAttempts != null) ? Boolean.TRUE : this.enabled;
		return MethodSettings.own(own, parent.enabled);
	}

	void check(SettingsCheck check) {
		check.attempts("max-attempts", this.maxAttempts);
		check.positive("initial-backoff", this.initialBackoff);
		check.positive("max-backoff", this.maxBackoff);
		check.positive("backoff-multiplier", this.backoffMultiplier);
		check.failures("retryable-status-codes", this.retryableStatusCodes, false);
	}

	void checkWhole(SettingsCheck check, boolean asked) {
		if (asked && isAskedFor() && this.maxAttempts == null) {
			throw check.refuse("%s is set, but not how often a call is made.".formatted(check.name()),
					"Set %s to 2 or more, or %s to false.".formatted(check.name("max-attempts"),
							check.name("enabled")));
		}
		if (isActive() && initialBackoffOrDefault().compareTo(maxBackoffOrDefault()) > 0) {
			throw check.refuse(
					"%s (%s) is longer than %s (%s).".formatted(check.name("initial-backoff"),
							initialBackoffOrDefault(), check.name("max-backoff"), maxBackoffOrDefault()),
					"Set %s to at least as long a time.".formatted(check.name("max-backoff")));
		}
	}

	private Duration initialBackoffOrDefault() {
		return (this.initialBackoff != null) ? this.initialBackoff : DEFAULT_INITIAL_BACKOFF;
	}

	private Duration maxBackoffOrDefault() {
		if (this.maxBackoff != null) {
			return this.maxBackoff;
		}
		Duration initial = initialBackoffOrDefault();
		return (initial.compareTo(DEFAULT_MAX_BACKOFF) > 0) ? initial : DEFAULT_MAX_BACKOFF;
	}

	/**
	 * The policy as gRPC's service config has it, which knows no defaults.
	 */
	Map<String, Object> toServiceConfig() {
		Map<String, Object> policy = new LinkedHashMap<>();
		policy.put("maxAttempts", (this.maxAttempts != null) ? this.maxAttempts : 0);
		policy.put("initialBackoff", ServiceConfig.duration(initialBackoffOrDefault()));
		policy.put("maxBackoff", ServiceConfig.duration(maxBackoffOrDefault()));
		policy.put("backoffMultiplier",
				(this.backoffMultiplier != null) ? this.backoffMultiplier : DEFAULT_BACKOFF_MULTIPLIER);
		policy.put("retryableStatusCodes", ServiceConfig
			.codes((this.retryableStatusCodes != null) ? this.retryableStatusCodes : Set.of(Status.Code.UNAVAILABLE)));
		return policy;
	}

}
