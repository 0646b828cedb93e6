package io.strand.grpc.client;

import java.time.Duration;
import java.util.concurrent.TimeUnit;

import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ClientCall;
import io.grpc.ClientInterceptor;
import io.grpc.Context;
import io.grpc.Deadline;
import io.grpc.MethodDescriptor;
import io.grpc.Status;
import io.strand.grpc.client.method.MethodSettings;
import io.strand.grpc.client.method.RequireDeadline;
import io.strand.grpc.client.method.ResolvedMethods;
import org.jspecify.annotations.Nullable;

/**
 * Gives calls their deadlines: one of their own is kept, else that of the method is
 * taken. The deadline of the call that is being served, which is in the {@link Context}
 * of the calling thread, is inherited by gRPC itself if it is earlier; it is only
 * shortened here, by the margin. A call that has none of them is refused or noted if it
 * must have one. Thread-safe.
 *
 * @param channel the name of the channel
 * @param methods the settings of methods
 * @param missing what notes calls without a deadline
 */
record DeadlineInterceptor(String channel, ResolvedMethods methods,
		MissingDeadlines missing) implements ClientInterceptor {

	@Override
	public <Q, R> ClientCall<Q, R> interceptCall(MethodDescriptor<Q, R> method, CallOptions options, Channel next) {
		MethodSettings settings = this.methods.of(method);
		Deadline inherited = Context.current().getDeadline();
		CallOptions limited = withDefault(settings.deadline(method), options);
		if (inherited == null && limited.getDeadline() == null) {
			if (settings.requireDeadline() == RequireDeadline.FAIL) {
				return new RefusedCall<>(this.missing.refusal(method), options);
			}
			if (settings.requireDeadline() == RequireDeadline.WARN) {
				this.missing.note(method);
			}
			return next.newCall(method, options);
		}
		Duration margin = settings.deadlineMargin();
		if (inherited == null || margin == null || margin.isZero()) {
			return next.newCall(method, limited);
		}
		Deadline shortened = inherited.offset(-margin.toNanos(), TimeUnit.NANOSECONDS);
		if (shortened.isExpired() && !inherited.isExpired()) {
			return new RefusedCall<>(noTimeLeft(method, inherited, margin), options);
		}
		return next.newCall(method, limited.withDeadline(earlier(shortened, limited.getDeadline())));
	}

	private static CallOptions withDefault(@Nullable Duration deadline, CallOptions options) {
		return (deadline != null && options.getDeadline() == null)
				? options.withDeadlineAfter(deadline.toNanos(), TimeUnit.NANOSECONDS) : options;
	}

	private static Deadline earlier(Deadline inherited, @Nullable Deadline own) {
		return (own != null) ? inherited.minimum(own) : inherited;
	}

	private Status noTimeLeft(MethodDescriptor<?, ?> method, Deadline inherited, Duration margin) {
		return Status.DEADLINE_EXCEEDED.withDescription(
				"%s was not called on channel '%s': the call being served ends in %d ms, within the deadline-margin of %d ms"
					.formatted(method.getFullMethodName(), this.channel, inherited.timeRemaining(TimeUnit.MILLISECONDS),
							margin.toMillis()));
	}

}
