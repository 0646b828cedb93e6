package io.strand.grpc.client;

import java.time.Duration;

import org.jspecify.annotations.Nullable;

/**
 * How a channel finds its servers and spreads its calls over them. Immutable, made by a
 * {@link Builder}. What is not set is left to the default.
 */
public final class BalancingSettings {

	private final @Nullable String policy;

	private final @Nullable Integer leastRequestChoices;

	private final @Nullable String ringHashHeader;

	private final @Nullable Integer ringHashMinSize;

	private final @Nullable Integer ringHashMaxSize;

	private final @Nullable Boolean healthCheck;

	private final @Nullable String healthCheckService;

	private final @Nullable Duration refreshInterval;

	private BalancingSettings(Builder builder) {
		this.policy = builder.policy;
		this.leastRequestChoices = builder.leastRequestChoices;
		this.ringHashHeader = builder.ringHashHeader;
		this.ringHashMinSize = builder.ringHashMinSize;
		this.ringHashMaxSize = builder.ringHashMaxSize;
		this.healthCheck = builder.healthCheck;
		this.healthCheckService = builder.healthCheckService;
		this.refreshInterval = builder.refreshInterval;
	}

	/**
	 * A builder that sets nothing yet.
	 * @return a new builder
	 */
	public static Builder builder() {
		return new Builder();
	}

	BalancingSettings inherit(BalancingSettings parent) {
		return builder().policy(own(this.policy, parent.policy))
			.leastRequestChoices(own(this.leastRequestChoices, parent.leastRequestChoices))
			.ringHashHeader(own(this.ringHashHeader, parent.ringHashHeader))
			.ringHashMinSize(own(this.ringHashMinSize, parent.ringHashMinSize))
			.ringHashMaxSize(own(this.ringHashMaxSize, parent.ringHashMaxSize))
			.healthCheck(own(this.healthCheck, parent.healthCheck))
			.healthCheckService(own(this.healthCheckService, parent.healthCheckService))
			.refreshInterval(own(this.refreshInterval, parent.refreshInterval))
			.build();
	}

	private static <T> @Nullable T own(@Nullable T own, @Nullable T inherited) {
		return (own != null) ? own : inherited;
	}

	@Nullable String policy() {
		return this.policy;
	}

	@Nullable Integer leastRequestChoices() {
		return this.leastRequestChoices;
	}

	@Nullable String ringHashHeader() {
		return this.ringHashHeader;
	}

	@Nullable Integer ringHashMinSize() {
		return this.ringHashMinSize;
	}

	@Nullable Integer ringHashMaxSize() {
		return this.ringHashMaxSize;
	}

	boolean healthCheck() {
		return (this.healthCheck != null) ? this.healthCheck : false;
	}

	String healthCheckService() {
		return (this.healthCheckService != null) ? this.healthCheckService : "";
	}

	@Nullable Duration refreshInterval() {
		return this.refreshInterval;
	}

	/**
	 * Collects settings. Every setter may be given {@code null}, which sets nothing. Not
	 * thread-safe.
	 */
	public static final class Builder {

		private @Nullable String policy;

		private @Nullable Integer leastRequestChoices;

		private @Nullable String ringHashHeader;

		private @Nullable Integer ringHashMinSize;

		private @Nullable Integer ringHashMaxSize;

		private @Nullable Boolean healthCheck;

		private @Nullable String healthCheckService;

		private @Nullable Duration refreshInterval;

		private Builder() {
		}

		/**
		 * Sets the name of a load-balancing policy, such as {@code round_robin}.
		 * @param policy the value
		 * @return this builder
		 */
		public Builder policy(@Nullable String policy) {
			this.policy = policy;
			return this;
		}

		/**
		 * Sets how many servers {@code least_request} compares for each call.
		 * @param leastRequestChoices the value
		 * @return this builder
		 */
		public Builder leastRequestChoices(@Nullable Integer leastRequestChoices) {
			this.leastRequestChoices = leastRequestChoices;
			return this;
		}

		/**
		 * Sets the header whose value decides on the server with {@code ring_hash}.
		 * @param ringHashHeader the value
		 * @return this builder
		 */
		public Builder ringHashHeader(@Nullable String ringHashHeader) {
			this.ringHashHeader = ringHashHeader;
			return this;
		}

		/**
		 * Sets how many places the ring of {@code ring_hash} has at least.
		 * @param ringHashMinSize the value
		 * @return this builder
		 */
		public Builder ringHashMinSize(@Nullable Integer ringHashMinSize) {
			this.ringHashMinSize = ringHashMinSize;
			return this;
		}

		/**
		 * Sets how many places the ring of {@code ring_hash} has at most.
		 * @param ringHashMaxSize the value
		 * @return this builder
		 */
		public Builder ringHashMaxSize(@Nullable Integer ringHashMaxSize) {
			this.ringHashMaxSize = ringHashMaxSize;
			return this;
		}

		/**
		 * Sets whether servers that say they do not serve get no calls.
		 * @param healthCheck the value
		 * @return this builder
		 */
		public Builder healthCheck(@Nullable Boolean healthCheck) {
			this.healthCheck = healthCheck;
			return this;
		}

		/**
		 * Sets the service whose health is asked for; that of the whole server if not
		 * set.
		 * @param healthCheckService the value
		 * @return this builder
		 */
		public Builder healthCheckService(@Nullable String healthCheckService) {
			this.healthCheckService = healthCheckService;
			return this;
		}

		/**
		 * Sets how often the target is resolved again; zero for only when a connection
		 * fails.
		 * @param refreshInterval the value
		 * @return this builder
		 */
		public Builder refreshInterval(@Nullable Duration refreshInterval) {
			this.refreshInterval = refreshInterval;
			return this;
		}

		/**
		 * Makes the settings.
		 * @return immutable settings
		 */
		public BalancingSettings build() {
			return new BalancingSettings(this);
		}

	}

}
