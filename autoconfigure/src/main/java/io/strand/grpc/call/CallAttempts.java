package io.strand.grpc.call;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.BooleanSupplier;

import io.grpc.Attributes;
import io.grpc.ClientCall;
import io.grpc.ClientStreamTracer;
import io.grpc.Context;
import io.grpc.Contexts;
import io.grpc.Deadline;
import io.grpc.Metadata;
import io.grpc.Status;
import org.jspecify.annotations.Nullable;

/**
 * What the transport does for one call of a client: one attempt, or several of a call
 * that is retried or hedged. Knows that the call is over where its listener is not told,
 * since that news waits behind a callback that runs, and behind messages that nobody has
 * asked for. Thread-safe.
 *
 * <p>
 * The listener comes first where nothing is in its way: what interceptors have to say of
 * the end is not known here. Never known, while messages lie there that nobody has asked
 * for, are the end of a stream that the server resets without a status, and any end
 * in-process: gRPC tells nobody.
 */
final class CallAttempts extends ClientStreamTracer.Factory {

	private static final long PATIENCE_MILLIS = 50;

	/** For what the listener is to be told first. */
	private static final Executor LATER = CompletableFuture.delayedExecutor(PATIENCE_MILLIS, TimeUnit.MILLISECONDS,
			Runnable::run);

	/** How it has ended is in trailers that gRPC has emptied when it shows them. */
	private static final Status ENDED_BY_SERVER = Status.CANCELLED
		.withDescription("The server has ended the call; how, is told after what it sent before");

	private static final Status TERMINATED = Status.UNAVAILABLE.withDescription("The channel was shut down");

	private final BooleanSupplier terminated;

	/** Set before there is any. */
	private volatile Runnable news = () -> {
	};

	/** That of the call's maker, which the transport looks at too. */
	private final Context context = Context.current();

	private final AtomicReference<@Nullable Attempt> last = new AtomicReference<>();

	/** The call's, once it has an attempt: interceptors and service configs set one. */
	private volatile @Nullable Deadline deadline;

	/**
	 * Watches a call.
	 * @param terminated whether its channel has terminated
	 */
	CallAttempts(BooleanSupplier terminated) {
		this.terminated = terminated;
	}

	/**
	 * Asks to be told, before the call starts.
	 * @param news run when the call may be over; must not block
	 */
	void tell(Runnable news) {
		this.news = news;
	}

	@Override
	public ClientStreamTracer newClientStreamTracer(ClientStreamTracer.StreamInfo info, Metadata headers) {
		this.deadline = info.getCallOptions().getDeadline();
		Attempt before = this.last.get();
		Attempt attempt = new Attempt(before);
		while (!this.last.compareAndSet(before, attempt)) {
			before = this.last.get();
			attempt = new Attempt(before);
		}
		return attempt;
	}

	/**
	 * Why the call is over.
	 * @param call the call
	 * @return a status, which may be OK, or {@code null} while it lives as far as is
	 * known
	 */
	@Nullable Status end(ClientCall<?, ?> call) {
		Status end = endOfAll();
		// Only a call that will not be tried again has attributes
		Status known = (end != null && !call.getAttributes().equals(Attributes.EMPTY)) ? end : null;
		if (known != null && known.getCode() != Status.Code.CANCELLED) {
			return known;
		}
		if (known == null && end != null && this.terminated.getAsBoolean()) {
			return TERMINATED;
		}
		if (this.context.isCancelled()) {
			return Contexts.statusFromCancelled(this.context);
		}
		Deadline latest = this.deadline;
		// A server whose timer comes first cancels
		return (latest != null && latest.timeRemaining(TimeUnit.MILLISECONDS) < -PATIENCE_MILLIS)
				? Status.DEADLINE_EXCEEDED.withDescription("The deadline of the call has passed") : known;
	}

	private @Nullable Status endOfAll() {
		Status answered = null;
		Attempt newest = this.last.get();
		for (Attempt each = newest; each != null; each = each.before) {
			Status status = each.end;
			if (status == null) {
				return null;
			}
			answered = each.answered ? status : answered;
		}
		return (newest == null || answered != null) ? answered : newest.end;
	}

	private final class Attempt extends ClientStreamTracer {

		private final @Nullable Attempt before;

		/** As the transport knows it. */
		private volatile @Nullable Status closed;

		/** As senders are told. */
		private volatile @Nullable Status end;

		private final Runnable connectionLost = () -> endLater(
				Status.UNAVAILABLE.withDescription("The connection was lost"));

		private volatile @Nullable ClientConnection connection;

		private volatile boolean answered;

		Attempt(@Nullable Attempt before) {
			this.before = before;
		}

		@Override
		public void streamCreated(Attributes transport, Metadata headers) {
			ClientConnection of = ClientConnection.of(transport);
			if (of != null) {
				this.connection = of;
				of.tell(this.connectionLost);
			}
		}

		@Override
		public void inboundHeaders(Metadata headers) {
			this.answered = true;
		}

		@Override
		public void inboundTrailers(Metadata trailers) {
			endLater(ENDED_BY_SERVER);
		}

		@Override
		public void streamClosed(Status status) {
			ClientConnection of = this.connection;
			if (of != null) {
				of.forget(this.connectionLost);
			}
			this.closed = status;
			endLater(status);
		}

		private void endLater(Status unlessClosed) {
			LATER.execute(() -> {
				Status status = this.closed;
				this.end = (status != null) ? status : unlessClosed;
				CallAttempts.this.news.run();
			});
		}

	}

}
