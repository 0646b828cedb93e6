package io.strand.grpc.call;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.BooleanSupplier;

import io.grpc.Attributes;
import io.grpc.CallOptions;
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
 * the end is not known here. Not known while a callback runs is the end of a hedged call
 * of which no attempt was answered or has a connection.
 */
final class CallAttempts extends ClientStreamTracer.Factory {

	static final CallOptions.Key<@Nullable CallAttempts> KEY = CallOptions.Key.create("io.strand.grpc.attempts");

	private static final long PATIENCE_MILLIS = 50;

	/** For what the listener is to be told first. */
	static final Executor LATER = CompletableFuture.delayedExecutor(PATIENCE_MILLIS, TimeUnit.MILLISECONDS,
			Runnable::run);

	/**
	 * A retry is begun when the attempt before it ends, and only its first step waits.
	 */
	private static final long NO_RETRY_AFTER_NANOS = TimeUnit.SECONDS.toNanos(1);

	/** How it has ended is in trailers that gRPC has emptied when it shows them. */
	private static final Status ENDED_BY_SERVER = Status.CANCELLED
		.withDescription("The server has ended the call; how, is told after what it sent before");

	private static final Status CONNECTION_LOST = Status.UNAVAILABLE.withDescription("The connection was lost");

	private static final Status TERMINATED = Status.UNAVAILABLE.withDescription("The channel was shut down");

	private final BooleanSupplier terminated;

	/** Set before there is any. */
	private volatile Runnable news = () -> {
	};

	/** The one that the transport looks at, once it is known. */
	private volatile @Nullable Context context;

	private final AtomicReference<@Nullable Attempt> last = new AtomicReference<>();

	private volatile Runnable answerSent = () -> {
	};

	private volatile boolean heldBack;

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

	/** The call is made in this context. */
	void madeIn(Context current) {
		this.context = current;
	}

	/**
	 * Asks to be told that the server has sent a message, before the call starts.
	 * @param sent run in-process as soon as it is sent, in a lock of the transport
	 */
	void tellOfAnswers(Runnable sent) {
		this.answerSent = sent;
	}

	/** How many messages the server has sent of which some may be unread. */
	int answers() {
		int most = 0;
		for (Attempt each = this.last.get(); each != null; each = each.before) {
			most = (each.closed == null) ? Math.max(most, each.answers) : most;
		}
		return most;
	}

	/**
	 * Tells whether the call has ended, but holds that back from its listener.
	 */
	void holdsBack(boolean holds) {
		this.heldBack = holds;
	}

	/** The call's, once it has an attempt. */
	@Nullable Deadline deadline() {
		return this.deadline;
	}

	/**
	 * Whether an end of the call may be that of an attempt which the server has answered
	 * and ended, by its code.
	 */
	boolean isEndByServer(Status told) {
		for (Attempt each = this.last.get(); each != null; each = each.before) {
			Status closed = each.closed;
			if (closed != null && closed.getCode() == told.getCode() && each.answered && each.trailed) {
				return true;
			}
		}
		return false;
	}

	@Override
	public ClientStreamTracer newClientStreamTracer(ClientStreamTracer.StreamInfo info, Metadata headers) {
		this.deadline = info.getCallOptions().getDeadline();
		Attempt before = this.last.get();
		Attempt attempt = new Attempt(before, info);
		while (!this.last.compareAndSet(before, attempt)) {
			before = this.last.get();
			attempt = new Attempt(before, info);
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
		Attempt newest = this.last.get();
		Status end = (newest != null) ? newest.endOfAll() : null;
		Status known = (newest != null && newest.isFinal(call)) ? end : null;
		if (known != null && known.getCode() != Status.Code.CANCELLED) {
			return known;
		}
		if (known == null && this.terminated.getAsBoolean()) {
			return TERMINATED;
		}
		Context of = this.context;
		// Not earlier: who asks the first would run the context's listeners here
		boolean resting = end != null || (newest != null && newest.comesLater());
		if (resting && of != null && of.isCancelled()) {
			return Contexts.statusFromCancelled(of);
		}
		Deadline latest = this.deadline;
		// A server whose timer comes first cancels
		long patience = (known != null) ? 0 : TimeUnit.MILLISECONDS.toNanos(PATIENCE_MILLIS);
		return (latest != null && latest.timeRemaining(TimeUnit.NANOSECONDS) < -patience)
				? Status.DEADLINE_EXCEEDED.withDescription("The deadline of the call has passed") : known;
	}

	/**
	 * Why the call is over, if messages that nobody has asked for keep that from its
	 * listener.
	 * @param call the call
	 * @return a status, or {@code null} if the listener is told as soon as may be
	 */
	@Nullable Status untoldEnd(ClientCall<?, ?> call) {
		Attempt newest = this.last.get();
		Status end = (newest != null) ? newest.endOfAll() : null;
		if (newest == null || end == null || !newest.isFinal(call)) {
			return null;
		}
		if (this.heldBack) {
			return end;
		}
		for (Attempt each = newest; each != null; each = each.before) {
			if (each.closed == null) {
				return each.end;
			}
		}
		return null;
	}

	private final class Attempt extends ClientStreamTracer {

		private final @Nullable Attempt before;

		private final boolean retried;

		/** Also what is tried again at once in its place, of which gRPC says no more. */
		private final boolean hedged;

		private final Runnable connectionLost = () -> endLater(CONNECTION_LOST);

		private volatile @Nullable ClientConnection connection;

		private volatile boolean begun;

		private volatile boolean answered;

		/** Messages. */
		private volatile int answers;

		/**
		 * Published by {@link #closed}; before that, confined to the transport's thread.
		 */
		private boolean trailed;

		/** As the transport tells the listener. */
		private volatile @Nullable Status closed;

		/** Published by {@link #end}. */
		private long endNanos;

		/** As senders are told. */
		private volatile @Nullable Status end;

		Attempt(@Nullable Attempt before, ClientStreamTracer.StreamInfo info) {
			this.before = before;
			this.retried = info.getPreviousAttempts() > 0;
			this.hedged = info.isHedging() || (before != null && before.hedged);
		}

		@Override
		public void streamCreated(Attributes transport, Metadata headers) {
			this.connection = ClientConnection.of(transport);
		}

		/** Not before: a stream that was made may never be begun, and never end. */
		@Override
		public void outboundHeaders() {
			this.begun = true;
			ClientConnection on = this.connection;
			if (on != null) {
				on.tell(this.connectionLost);
				if (this.closed != null) {
					forgetConnection();
				}
			}
		}

		@Override
		public void inboundHeaders(Metadata headers) {
			this.answered = true;
			ClientConnection on = this.connection;
			if (on != null) {
				on.tellOfStream(this::streamEnded);
			}
		}

		@Override
		public void inboundMessage(int sequence) {
			this.answers = sequence + 1;
			CallAttempts.this.answerSent.run();
		}

		/** On Netty: perhaps a reset, which nothing else tells behind unread messages. */
		private void streamEnded() {
			if (!this.trailed) {
				endedByServer(ENDED_BY_SERVER);
			}
		}

		private void endedByServer(Status how) {
			if (this.closed == null) {
				forgetConnection(); // whose end is none of this any more
				endLater(how);
			}
		}

		@Override
		public void inboundTrailers(Metadata trailers) {
			this.trailed = true;
			endedByServer(ENDED_BY_SERVER);
		}

		@Override
		public void streamClosed(Status status) {
			this.closed = status;
			forgetConnection();
			endLater(status);
		}

		/**
		 * How this, the newest, and all before it have ended, which only hedged ones do
		 * not do one after the other: of those, all but one are cancelled.
		 */
		@Nullable Status endOfAll() {
			Status best = null;
			int bestRank = -1;
			for (Attempt each = this; each != null; each = each.before) {
				Status told = each.end;
				if (told == null) {
					return null;
				}
				boolean own = told.getCode() != Status.Code.CANCELLED || told == ENDED_BY_SERVER;
				int rank = (own ? 2 : 0) + (each.answered ? 1 : 0);
				if (rank > bestRank) {
					best = told;
					bestRank = rank;
				}
			}
			return this.hedged ? best : this.end;
		}

		/**
		 * Whether this, the newest, begins only some time after the one before has ended.
		 */
		boolean comesLater() {
			return !this.begun && this.before != null && this.before.end != null;
		}

		/**
		 * Whether there is no attempt after this, the newest. Only a call that will not
		 * be tried again has attributes, but if that was the last of its retries. The
		 * first attempt may be that of a hedged call, whose next comes when it is due.
		 */
		boolean isFinal(ClientCall<?, ?> call) {
			return !call.getAttributes().equals(Attributes.EMPTY)
					|| (this.retried && !this.hedged && System.nanoTime() - this.endNanos > NO_RETRY_AFTER_NANOS);
		}

		private void forgetConnection() {
			ClientConnection on = this.connection;
			if (on != null) {
				on.forget(this.connectionLost);
			}
		}

		private void endLater(Status unlessClosed) {
			LATER.execute(() -> {
				Status told = this.closed;
				if (this.end == null) {
					this.endNanos = System.nanoTime();
				}
				this.end = (told != null) ? told : unlessClosed;
				CallAttempts.this.news.run();
			});
		}

	}

}
