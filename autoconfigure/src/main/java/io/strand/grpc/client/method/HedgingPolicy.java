package io.strand.grpc.client.method;

import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;

import io.grpc.Status;
import org.jspecify.annotations.Nullable;

/**
 * Whether and how calls that have not been answered yet are made again beside the first
 * attempt; the first answer wins, the other attempts are cancelled. What is {@code null}
 * is left to the next wider policy, at last to the default. Immutable.
 *
 * @param enabled whether to hedge; by default if the attempts are set
 * @param maxAttempts how often a call is made at most, the first time included: 2 to 5
 * @param delay how long an attempt is alone before the next one is made; zero for all at
 * once
 * @param nonFatalStatusCodes the failures of one attempt that leave the others running
 * and yet to come; none if not set
 */
public record HedgingPolicy(@Nullable Boolean enabled, @Nullable Integer maxAttempts, @Nullable Duration delay,
		@Nullable Set<Status.Code> nonFatalStatusCodes) {

	/** A policy that leaves everything open. */
	public static final HedgingPolicy NONE = new HedgingPolicy(null, null, null, null);

	public HedgingPolicy {
		nonFatalStatusCodes = (nonFatalStatusCodes != null) ? Set.copyOf(nonFatalStatusCodes) : null;
	}

	/**
	 * A policy for which every failure is fatal.
	 * @param maxAttempts how often a call is made at most, the first time included
	 * @param delay how long an attempt is alone before the next one is made
	 * @return the policy
	 */
	public static HedgingPolicy ofAttempts(int maxAttempts, Duration delay) {
		return new HedgingPolicy(null, maxAttempts, delay, null);
	}

	/** Whether it asks for hedging, whatever wider policies say. */
	boolean isAskedFor() {
		return !Boolean.FALSE.equals(this.enabled) && !equals(NONE);
	}

	/** Whether calls are hedged, when nothing wider is left to ask. */
	boolean isActive() {
		return !Boolean.FALSE.equals(this.enabled) && this.maxAttempts != null && this.delay != null;
	}

	HedgingPolicy inherit(HedgingPolicy parent) {
		return new HedgingPolicy(enabled(parent), MethodSettings.own(this.maxAttempts, parent.maxAttempts),
				MethodSettings.own(this.delay, parent.delay),
				MethodSettings.own(this.nonFatalStatusCodes, parent.nonFatalStatusCodes));
	}

	/**
	 * Attempts that are set here switch on what is off further out.
	 */
	private @Nullable Boolean enabled(HedgingPolicy parent) {
		Boolean own = (this.enabled == null && this.maxAttempts != null) ? Boolean.TRUE : this.enabled;
		return MethodSettings.own(own, parent.enabled);
	}

	void check(SettingsCheck check) {
		check.attempts("max-attempts", this.maxAttempts);
		check.notNegative("delay", this.delay);
		check.failures("non-fatal-status-codes", this.nonFatalStatusCodes, true);
	}

	void checkWhole(SettingsCheck check, boolean asked) {
		if (asked && isAskedFor() && !isActive()) {
			String missing = check.name((this.maxAttempts == null) ? "max-attempts" : "delay");
			throw check.refuse("%s is set, but not %s.".formatted(check.name(), missing),
					(this.maxAttempts == null)
							? "Set %s to 2 or more, or %s to false.".formatted(missing, check.name("enabled"))
							: "Set %s to the time in which nearly all calls are answered, such as 200ms, or to 0 for"
								.formatted(missing) + " all attempts at once.");
		}
	}

	/**
	 * The policy as gRPC's service config has it.
	 */
	Map<String, Object> toServiceConfig() {
		Map<String, Object> policy = new LinkedHashMap<>();
		policy.put("maxAttempts", (this.maxAttempts != null) ? this.maxAttempts : 0);
		policy.put("hedgingDelay", ServiceConfig.duration((this.delay != null) ? this.delay : Duration.ZERO));
		if (this.nonFatalStatusCodes != null) {
			policy.put("nonFatalStatusCodes", ServiceConfig.codes(this.nonFatalStatusCodes));
		}
		return policy;
	}

}
