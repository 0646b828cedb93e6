package io.strand.grpc.client;

import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongSupplier;

import io.grpc.MethodDescriptor;
import io.grpc.Status;
import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;

/**
 * Says which methods of a channel are called without a deadline: each at its first such
 * call, and then once a minute as long as there are more. Thread-safe.
 */
final class MissingDeadlines {

	private static final Log logger = LogFactory.getLog(MissingDeadlines.class);

	private static final long PERIOD = TimeUnit.MINUTES.toNanos(1);

	private final String channel;

	private final LongSupplier clock;

	private final Map<String, Calls> byMethod = new ConcurrentHashMap<>();

	/**
	 * Has noted nothing yet.
	 * @param channel the name of the channel
	 * @param clock the time in nanoseconds
	 */
	MissingDeadlines(String channel, LongSupplier clock) {
		this.channel = channel;
		this.clock = clock;
	}

	void note(MethodDescriptor<?, ?> method) {
		long now = this.clock.getAsLong();
		long calls = this.byMethod.computeIfAbsent(method.getFullMethodName(), (name) -> new Calls(now)).note(now);
		if (calls > 0) {
			logger.warn("%s was called without a deadline on channel '%s' (calls since the last such line: %d). %s"
				.formatted(method.getFullMethodName(), this.channel, calls, remedy(method)));
		}
	}

	Status refusal(MethodDescriptor<?, ?> method) {
		return Status.FAILED_PRECONDITION.withDescription(
				"%s was not called on channel '%s': it has no deadline, which require-deadline asks for. %s"
					.formatted(method.getFullMethodName(), this.channel, remedy(method)));
	}

	private String remedy(MethodDescriptor<?, ?> method) {
		String settings = GrpcChannels.PREFIX + this.channel;
		return ("Call the stub by withDeadlineAfter, set %s.%s or %s.methods[%s].deadline, or set require-deadline to off"
				+ " where calls are meant to last.")
			.formatted(settings,
					(method.getType() == MethodDescriptor.MethodType.UNARY) ? "deadline" : "stream-deadline", settings,
					method.getFullMethodName());
	}

	private static final class Calls {

		private final AtomicLong sinceLastLine = new AtomicLong();

		private final AtomicLong nextLine;

		Calls(long now) {
			this.nextLine = new AtomicLong(now);
		}

		/**
		 * Counts a call.
		 * @param now the time
		 * @return how many calls to report, or 0 for none now
		 */
		long note(long now) {
			this.sinceLastLine.incrementAndGet();
			long next = this.nextLine.get();
			if (now - next < 0 || !this.nextLine.compareAndSet(next, now + PERIOD)) {
				return 0;
			}
			return this.sinceLastLine.getAndSet(0);
		}

	}

}
