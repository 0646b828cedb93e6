package io.strand.grpc.autoconfigure.client;

import java.time.Duration;
import java.util.Set;

import io.grpc.Status;
import org.jspecify.annotations.Nullable;

/**
 * How the calls of one service or method are made.
 */
public class MethodProperties extends CallProperties {

	private final Hedging hedging = new Hedging();

	public Hedging getHedging() {
		return this.hedging;
	}

	/**
	 * Calls that are made again before there is an answer.
	 */
	public static class Hedging {

		/**
		 * Whether to hedge; by default if max-attempts is set.
		 */
		private @Nullable Boolean enabled;

		/**
		 * How often a call is made at most, the first time included: 2 to 5. The first
		 * answer wins. No hedging if not set.
		 */
		private @Nullable Integer maxAttempts;

		/**
		 * How long an attempt is alone before the next one is made; 0 for all at once. To
		 * be set with max-attempts, and not set by default. In milliseconds if it has no
		 * unit.
		 */
		private @Nullable Duration delay;

		/**
		 * Status codes of one attempt that leave the others running; any other failure
		 * ends the call. None if not set.
		 */
		private @Nullable Set<Status.Code> nonFatalStatusCodes;

		public @Nullable Boolean getEnabled() {
			return this.enabled;
		}

		public void setEnabled(@Nullable Boolean enabled) {
			this.enabled = enabled;
		}

		public @Nullable Integer getMaxAttempts() {
			return this.maxAttempts;
		}

		public void setMaxAttempts(@Nullable Integer maxAttempts) {
			this.maxAttempts = maxAttempts;
		}

		public @Nullable Duration getDelay() {
			return this.delay;
		}

		public void setDelay(@Nullable Duration delay) {
			this.delay = delay;
		}

		public @Nullable Set<Status.Code> getNonFatalStatusCodes() {
			return this.nonFatalStatusCodes;
		}

		public void setNonFatalStatusCodes(@Nullable Set<Status.Code> nonFatalStatusCodes) {
			this.nonFatalStatusCodes = nonFatalStatusCodes;
		}

	}

}
