package io.strand.grpc.actuate;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Objects;

import io.strand.grpc.call.LiveCall;
import org.jspecify.annotations.Nullable;

/**
 * A call as it is shown to operators.
 *
 * @param id its number
 * @param method the full name of its method
 * @param peer the address of its client
 * @param thread the name of the thread that it runs on at the moment
 * @param state what it does, such as {@code blocked_sending}
 * @param stateMillis how long it has been in that state, at most
 * @param ageMillis how long it has been there
 * @param received how many messages its handler was given
 * @param sent how many messages it sent
 * @param blockedMillis how long its senders have waited for the client until now
 * @param stack where its thread is, innermost first; only of a call that was asked for
 */
public record CallDescriptor(long id, String method, @Nullable String peer, @Nullable String thread, String state,
		long stateMillis, long ageMillis, long received, long sent, long blockedMillis, @Nullable List<String> stack) {

	static CallDescriptor of(LiveCall call) {
		return of(call, call.thread(), null);
	}

	static CallDescriptor withStack(LiveCall call) {
		Thread thread = call.thread();
		List<String> stack = null;
		if (thread != null) {
			stack = Arrays.stream(thread.getStackTrace()).map(StackTraceElement::toString).toList();
			if (call.thread() != thread) {
				stack = null; // that of another call by now
			}
		}
		return of(call, thread, stack);
	}

	private static CallDescriptor of(LiveCall call, @Nullable Thread thread, @Nullable List<String> stack) {
		return new CallDescriptor(call.id(), call.method(), Objects.toString(call.peer(), null),
				(thread != null) ? thread.getName() : null, call.state().name().toLowerCase(Locale.ROOT),
				call.inState().toMillis(), call.age().toMillis(), call.received(), call.sent(),
				call.blockedSending().toMillis(), stack);
	}

}
