package io.strand.grpc.autoconfigure.client;

import java.time.Duration;
import java.util.Set;

import io.grpc.Status;
import io.strand.grpc.client.method.RequireDeadline;
import org.jspecify.annotations.Nullable;

/**
 * How calls are made: what a channel, a service and a method have in common.
 */
public class CallProperties {

	/**
	 * Deadline of unary calls that are made without one, or of the calls of the one
	 * method that it is set for, streams included; none if not set or 0. In milliseconds
	 * if it has no unit.
	 */
	private @Nullable Duration deadline;

	/**
	 * Deadline of streaming calls that are made without one; none if not set or 0. In
	 * milliseconds if it has no unit.
	 */
	private @Nullable Duration streamDeadline;

	/**
	 * How much earlier than the call being served a call made for it ends, so that there
	 * is time left to answer; 0 if not set. In milliseconds if it has no unit.
	 */
	private @Nullable Duration deadlineMargin;

	/**
	 * What happens to a call that has no deadline: neither one of its own, nor a default,
	 * nor that of a call being served. It is made (off, the default), made and now and
	 * then logged (warn), or refused (fail). Streams are calls too.
	 */
	private @Nullable RequireDeadline requireDeadline;

	/**
	 * Whether calls wait until there is a connection, as long as their deadline lets
	 * them, instead of failing as UNAVAILABLE; false if not set.
	 */
	private @Nullable Boolean waitForReady;

	private final Retry retry = new Retry();

	public @Nullable Duration getDeadline() {
		return this.deadline;
	}

	public void setDeadline(@Nullable Duration deadline) {
		this.deadline = deadline;
	}

	public @Nullable Duration getStreamDeadline() {
		return this.streamDeadline;
	}

	public void setStreamDeadline(@Nullable Duration streamDeadline) {
		this.streamDeadline = streamDeadline;
	}

	public @Nullable Duration getDeadlineMargin() {
		return this.deadlineMargin;
	}

	public void setDeadlineMargin(@Nullable Duration deadlineMargin) {
		this.deadlineMargin = deadlineMargin;
	}

	public @Nullable RequireDeadline getRequireDeadline() {
		return this.requireDeadline;
	}

	public void setRequireDeadline(@Nullable RequireDeadline requireDeadline) {
		this.requireDeadline = requireDeadline;
	}

	public @Nullable Boolean getWaitForReady() {
		return this.waitForReady;
	}

	public void setWaitForReady(@Nullable Boolean waitForReady) {
		this.waitForReady = waitForReady;
	}

	public Retry getRetry() {
		return this.retry;
	}

	/**
	 * Calls that are made again after a failure.
	 */
	public static class Retry {

		/**
		 * Whether to retry; by default if max-attempts is set.
		 */
		private @Nullable Boolean enabled;

		/**
		 * How often a call is made at most, the first time included: 2 to 5. No retry if
		 * not set.
		 */
		private @Nullable Integer maxAttempts;

		/**
		 * How long the second attempt waits, give or take a fifth; 100ms if not set. In
		 * milliseconds if it has no unit.
		 */
		private @Nullable Duration initialBackoff;

		/**
		 * How long an attempt waits at most, give or take a fifth; 1s if not set, or
		 * initial-backoff where that is longer. In milliseconds if it has no unit.
		 */
		private @Nullable Duration maxBackoff;

		/**
		 * How many times as long each attempt waits as the one before; 2 if not set.
		 */
		private @Nullable Double backoffMultiplier;

		/**
		 * Status codes after which a call is made again; UNAVAILABLE if not set.
		 */
		private @Nullable Set<Status.Code> retryableStatusCodes;

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

		public @Nullable Duration getInitialBackoff() {
			return this.initialBackoff;
		}

		public void setInitialBackoff(@Nullable Duration initialBackoff) {
			this.initialBackoff = initialBackoff;
		}

		public @Nullable Duration getMaxBackoff() {
			return this.maxBackoff;
		}

		public void setMaxBackoff(@Nullable Duration maxBackoff) {
			this.maxBackoff = maxBackoff;
		}

		public @Nullable Double getBackoffMultiplier() {
			return this.backoffMultiplier;
		}

		public void setBackoffMultiplier(@Nullable Double backoffMultiplier) {
			this.backoffMultiplier = backoffMultiplier;
		}

		public @Nullable Set<Status.Code> getRetryableStatusCodes() {
			return this.retryableStatusCodes;
		}

		public void setRetryableStatusCodes(@Nullable Set<Status.Code> retryableStatusCodes) {
			this.retryableStatusCodes = retryableStatusCodes;
		}

	}

}
