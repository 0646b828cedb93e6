package io.strand.grpc.client.method;

import java.time.Duration;

import io.grpc.MethodDescriptor;
import io.grpc.MethodDescriptor.MethodType;
import org.jspecify.annotations.Nullable;

/**
 * How methods are called: all of a channel, those of a service, or one. What is
 * {@code null} is left to the next wider settings. Immutable, made by a {@link Builder}.
 *
 * @param deadline the deadline of calls that are made without one, zero for none; of
 * unary calls only, except where the settings are those of one method
 * @param streamDeadline the same for streaming calls
 * @param deadlineMargin how much earlier than the call being served a call ends
 * @param requireDeadline what becomes of calls without any deadline
 * @param waitForReady whether calls wait for a connection instead of failing
 * @param retry whether and how calls are made again after a failure
 * @param hedging whether and how calls are made again before there is an answer
 */
public record MethodSettings(@Nullable Duration deadline, @Nullable Duration streamDeadline,
		@Nullable Duration deadlineMargin, @Nullable RequireDeadline requireDeadline, @Nullable Boolean waitForReady,
		RetryPolicy retry, HedgingPolicy hedging) {

	/** Settings that leave everything open. */
	public static final MethodSettings NONE = builder().build();

	/**
	 * A builder that sets nothing yet.
	 * @return a new builder
	 */
	public static Builder builder() {
		return new Builder();
	}

	static <T> @Nullable T own(@Nullable T own, @Nullable T inherited) {
		return (own != null) ? own : inherited;
	}

	/**
	 * These settings, where they set something, else the parent's. A method is either
	 * retried or hedged: asking for the one is asking not to inherit the other.
	 * @param parent the wider settings
	 * @return new settings
	 */
	MethodSettings inherit(MethodSettings parent) {
		RetryPolicy parentRetry = this.hedging.isAskedFor() ? RetryPolicy.NONE : parent.retry;
		HedgingPolicy parentHedging = this.retry.isAskedFor() ? HedgingPolicy.NONE : parent.hedging;
		return new MethodSettings(own(this.deadline, parent.deadline), own(this.streamDeadline, parent.streamDeadline),
				own(this.deadlineMargin, parent.deadlineMargin), own(this.requireDeadline, parent.requireDeadline),
				own(this.waitForReady, parent.waitForReady), this.retry.inherit(parentRetry),
				this.hedging.inherit(parentHedging));
	}

	/**
	 * These settings, now for one method, whose deadline is meant whatever its type.
	 */
	MethodSettings forOneMethod() {
		return new MethodSettings(this.deadline, this.deadline, this.deadlineMargin, this.requireDeadline,
				this.waitForReady, this.retry, this.hedging);
	}

	void check(SettingsCheck check) {
		check.notNegative("deadline", this.deadline);
		check.notNegative("stream-deadline", this.streamDeadline);
		check.notNegative("deadline-margin", this.deadlineMargin);
		this.retry.check(check.below("retry"));
		this.hedging.check(check.below("hedging"));
		if (this.retry.isAskedFor() && this.hedging.isAskedFor()) {
			throw check.refuse("Both %s and %s are set.".formatted(check.name("retry"), check.name("hedging")),
					"Remove one of them: gRPC either retries a method or hedges it.");
		}
	}

	/**
	 * Refuses what does not go together when all has been inherited.
	 * @param check what refuses
	 * @param own what asks for it here, not further out
	 */
	void checkWhole(SettingsCheck check, MethodSettings own) {
		this.retry.checkWhole(check.below("retry"), own.retry.isAskedFor());
		this.hedging.checkWhole(check.below("hedging"), own.hedging.isAskedFor());
	}

	/**
	 * The deadline for calls of a method that are made without one.
	 * @param method the method
	 * @return the deadline, above zero, or {@code null} for none
	 */
	public @Nullable Duration deadline(MethodDescriptor<?, ?> method) {
		Duration deadline = (method.getType() == MethodType.UNARY) ? this.deadline : this.streamDeadline;
		return (deadline != null && !deadline.isZero()) ? deadline : null;
	}

	/**
	 * Collects settings. Every setter may be given {@code null}, which sets nothing. Not
	 * thread-safe.
	 */
	public static final class Builder {

		private @Nullable Duration deadline;

		private @Nullable Duration streamDeadline;

		private @Nullable Duration deadlineMargin;

		private @Nullable RequireDeadline requireDeadline;

		private @Nullable Boolean waitForReady;

		private RetryPolicy retry = RetryPolicy.NONE;

		private HedgingPolicy hedging = HedgingPolicy.NONE;

		private Builder() {
		}

		/**
		 * Sets the deadline of unary calls, or of the calls of the one method that the
		 * settings are for; zero for none.
		 * @param deadline the value
		 * @return this builder
		 */
		public Builder deadline(@Nullable Duration deadline) {
			this.deadline = deadline;
			return this;
		}

		/**
		 * Sets the deadline of streaming calls; zero for none.
		 * @param streamDeadline the value
		 * @return this builder
		 */
		public Builder streamDeadline(@Nullable Duration streamDeadline) {
			this.streamDeadline = streamDeadline;
			return this;
		}

		/**
		 * Sets how much earlier than the call being served a call ends.
		 * @param deadlineMargin the value
		 * @return this builder
		 */
		public Builder deadlineMargin(@Nullable Duration deadlineMargin) {
			this.deadlineMargin = deadlineMargin;
			return this;
		}

		/**
		 * Sets what becomes of calls without any deadline; they are made if not set.
		 * @param requireDeadline the value
		 * @return this builder
		 */
		public Builder requireDeadline(@Nullable RequireDeadline requireDeadline) {
			this.requireDeadline = requireDeadline;
			return this;
		}

		/**
		 * Sets whether calls wait for a connection; they do not if not set.
		 * @param waitForReady the value
		 * @return this builder
		 */
		public Builder waitForReady(@Nullable Boolean waitForReady) {
			this.waitForReady = waitForReady;
			return this;
		}

		/**
		 * Sets whether and how calls are made again after a failure.
		 * @param retry the value
		 * @return this builder
		 */
		public Builder retry(@Nullable RetryPolicy retry) {
			this.retry = (retry != null) ? retry : RetryPolicy.NONE;
			return this;
		}

		/**
		 * Sets whether and how calls are made again before there is an answer.
		 * @param hedging the value
		 * @return this builder
		 */
		public Builder hedging(@Nullable HedgingPolicy hedging) {
			this.hedging = (hedging != null) ? hedging : HedgingPolicy.NONE;
			return this;
		}

		/**
		 * Makes the settings.
		 * @return immutable settings
		 */
		public MethodSettings build() {
			return new MethodSettings(this.deadline, this.streamDeadline, this.deadlineMargin, this.requireDeadline,
					this.waitForReady, this.retry, this.hedging);
		}

	}

}
