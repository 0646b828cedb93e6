package io.strand.grpc.autoconfigure.client;

import org.jspecify.annotations.Nullable;

/**
 * Properties of how a channel spreads its calls over its servers.
 */
public final class BalancingProperties {

	private BalancingProperties() {
	}

	/**
	 * Health checks of servers.
	 */
	public static class HealthCheck {

		/**
		 * Whether servers that say they do not serve get no calls, and get them again
		 * when they say they do; false if not set. Needs io.grpc:grpc-services and the
		 * policy round_robin.
		 */
		private @Nullable Boolean enabled;

		/**
		 * Name of the service whose health is asked for; that of the whole server if not
		 * set.
		 */
		private @Nullable String serviceName;

		public @Nullable Boolean getEnabled() {
			return this.enabled;
		}

		public void setEnabled(@Nullable Boolean enabled) {
			this.enabled = enabled;
		}

		public @Nullable String getServiceName() {
			return this.serviceName;
		}

		public void setServiceName(@Nullable String serviceName) {
			this.serviceName = serviceName;
		}

	}

	/**
	 * The policy least_request.
	 */
	public static class LeastRequest {

		/**
		 * How many servers, chosen at random, are compared for each call; 2 if not set,
		 * at most 10.
		 */
		private @Nullable Integer choices;

		public @Nullable Integer getChoices() {
			return this.choices;
		}

		public void setChoices(@Nullable Integer choices) {
			this.choices = choices;
		}

	}

	/**
	 * The policy ring_hash.
	 */
	public static class RingHash {

		/**
		 * Name of the header whose value decides which server gets a call. Calls without
		 * it go to any. Not set by default, and needed with that policy.
		 */
		private @Nullable String header;

		/**
		 * How many places the ring has at least, shared by the servers; 1024 if not set.
		 */
		private @Nullable Integer minSize;

		/**
		 * How many places the ring has at most; 4096 if not set, which is also gRPC's own
		 * limit.
		 */
		private @Nullable Integer maxSize;

		public @Nullable String getHeader() {
			return this.header;
		}

		public void setHeader(@Nullable String header) {
			this.header = header;
		}

		public @Nullable Integer getMinSize() {
			return this.minSize;
		}

		public void setMinSize(@Nullable Integer minSize) {
			this.minSize = minSize;
		}

		public @Nullable Integer getMaxSize() {
			return this.maxSize;
		}

		public void setMaxSize(@Nullable Integer maxSize) {
			this.maxSize = maxSize;
		}

	}

}
