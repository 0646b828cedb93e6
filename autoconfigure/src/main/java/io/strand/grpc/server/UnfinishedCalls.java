package io.strand.grpc.server;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;

import io.strand.grpc.call.LiveCall;
import io.strand.grpc.call.LogText;
import org.apache.commons.logging.Log;

/**
 * The calls that a stop did not live to see the end of, for the log: the oldest by name
 * and with what their threads do, the others counted.
 */
final class UnfinishedCalls {

	static final int NAMED = 20;

	static final int FRAMES = 40;

	private static final int COUNTED_METHODS = 10;

	/** Oldest first. */
	private final List<LiveCall> named;

	private final Map<String, Integer> others = new TreeMap<>();

	UnfinishedCalls(Collection<LiveCall> live) {
		List<LiveCall> calls = new ArrayList<>();
		// One by one: the collection changes while it is read
		live.forEach(calls::add);
		calls.sort(Comparator.comparing(LiveCall::age).reversed());
		this.named = calls.subList(0, Math.min(NAMED, calls.size()));
		calls.subList(this.named.size(), calls.size())
			.forEach((call) -> this.others.merge(call.method(), 1, Integer::sum));
	}

	void log(Log logger, String after) {
		if (this.named.isEmpty()) {
			logger.warn("gRPC connections with answers that were not read are closed after " + after);
			return;
		}
		logger.warn("gRPC calls still running after %s are cancelled: %d".formatted(after,
				this.named.size() + this.others.values().stream().mapToInt(Integer::intValue).sum()));
		this.named.forEach((call) -> log(logger, call));
		if (!this.others.isEmpty()) {
			logger.warn("Cancelled as well: " + others());
		}
	}

	private static void log(Log logger, LiveCall call) {
		Thread thread = call.thread();
		logger.warn(
				"Cancelled: %s (call %d) from %s, %d ms old, %s for %d ms, %d received, %d sent, %s".formatted(
						call.method(), call.id(), LogText.peer(call.peer()), call.age().toMillis(), call.state(),
						call.inState().toMillis(), call.received(), call.sent(),
						(thread != null) ? "on thread '%s'".formatted(thread.getName()) : "without a thread"),
				(thread != null) ? new CallStack(thread) : null);
	}

	private String others() {
		String counted = this.others.entrySet()
			.stream()
			.limit(COUNTED_METHODS)
			.map((entry) -> "%d × %s".formatted(entry.getValue(), entry.getKey()))
			.collect(Collectors.joining(", "));
		int rest = this.others.values().stream().skip(COUNTED_METHODS).mapToInt(Integer::intValue).sum();
		return (rest > 0) ? "%s, and %d of other methods".formatted(counted, rest) : counted;
	}

	/**
	 * Shows where a thread is in the form that all log layouts know. Never thrown.
	 */
	private static final class CallStack extends Exception {

		private static final long serialVersionUID = 1L;

		CallStack(Thread thread) {
			super("Where thread '%s' is".formatted(thread.getName()), null, false, true);
			StackTraceElement[] stack = thread.getStackTrace();
			setStackTrace(Arrays.copyOf(stack, Math.min(FRAMES, stack.length)));
		}

		@Override
		public String toString() {
			return String.valueOf(getMessage());
		}

	}

}
