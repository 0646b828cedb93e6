package io.strand.grpc.call;

import java.time.Duration;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

import io.grpc.Context;
import io.grpc.Deadline;
import io.grpc.Status;
import io.strand.grpc.thread.CallThreads;
import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.jspecify.annotations.Nullable;

/**
 * The longest that a call may last, as a deadline of its context: what the handler calls
 * in turn inherits it. When it passes, the client is told DEADLINE_EXCEEDED and the
 * handler is cancelled as by a client. Made for calls whose method has such a limit and
 * whose client has no earlier deadline. Thread-safe.
 */
final class CallTimeout implements Context.CancellationListener {

	static final String THREAD = "grpc-call-timeout";

	private static final Log logger = LogFactory.getLog(CallTimeout.class);

	private static final LineQuota ended = new LineQuota(
			(leftOut) -> logger.warn("%d more calls were ended because they lasted too long".formatted(leftOut)));

	private final HandlerCall<?, ?> call;

	private final Context transport;

	private final Context.CancellableContext context;

	private CallTimeout(HandlerCall<?, ?> call, Context transport, Context.CancellableContext context) {
		this.call = call;
		this.transport = transport;
		this.context = context;
	}

	/**
	 * Limits a call if its method wants that.
	 * @param call the call
	 * @param transport the context that the transport made for it
	 * @return the timeout, or {@code null} for none
	 */
	static @Nullable CallTimeout of(HandlerCall<?, ?> call, Context transport, CallEngine engine, Duration longest) {
		Deadline deadline = transport.getDeadline();
		if (deadline != null && deadline.timeRemaining(TimeUnit.NANOSECONDS) <= longest.toNanos()) {
			return null;
		}
		return new CallTimeout(call, transport, engine.withTimeout(transport, longest));
	}

	Context context() {
		return this.context;
	}

	/** To be called when the call has arrived. */
	void start() {
		this.context.addListener(this, Runnable::run);
	}

	/** The call has ended, whyever. */
	void stop() {
		this.context.removeListener(this);
		this.context.cancel(null);
	}

	@Override
	public void cancelled(Context context) {
		if (!(context.cancellationCause() instanceof TimeoutException) || this.transport.isCancelled()) {
			return; // the client's doing, which the transport tells
		}
		TransportLoop loop = this.call.thread().loop();
		try {
			if (loop != null) {
				// Who is on an event loop waits for no sender, nor do other timers
				loop.run(this::expire);
			}
			else {
				CallThreads.start(THREAD, this::expire);
			}
		}
		catch (RejectedExecutionException ex) {
			logger.debug("%s ends with its connection".formatted(this.call.describe()), LoggedFailure.of(ex));
		}
	}

	private void expire() {
		if (this.call.phase() == CallPhase.ENDED) {
			return; // at the same time
		}
		long millis = this.call.plan().settings().maxDuration().toMillis();
		if (ended.tryTake()) {
			logger.warn("%s from %s was ended because it lasted longer than %d ms (max-call-duration)"
				.formatted(this.call.describe(), LogText.peer(this.call.peer()), millis));
		}
		this.call.expire(Status.DEADLINE_EXCEEDED
			.withDescription("The call lasted longer than the server allows (%d ms)".formatted(millis)));
	}

}
