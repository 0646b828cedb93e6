package io.strand.grpc.call;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;

import io.grpc.ClientCall;
import io.grpc.Context;
import io.grpc.Contexts;
import io.grpc.Deadline;
import io.grpc.ForwardingClientCall.SimpleForwardingClientCall;
import io.grpc.Metadata;
import io.grpc.Status;
import io.grpc.SynchronizationContext;
import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.jspecify.annotations.Nullable;

/**
 * An in-process call that takes what the server has sent from the transport before it is
 * asked for, and holds it back until then: gRPC tells of the server's end of a call only
 * when all that came before it was taken. No more is taken than lies there, so that costs
 * no memory, and the server is not told to send more. Thread-safe.
 *
 * <p>
 * The listener sees nothing of it. All that it is told goes through {@link #callbacks},
 * which holds these states: <pre>
 * open ──┬─ ended by the server, answers held back ─▶ ended ─┬─ they were asked for ─────┐
 *        │                                                   └─ any other end: dropped ──┤
 *        ├─ ended by the server, none held back ─────────────────────────────────────────┤
 *        └─ any other end: those held back are dropped ──────────────────────────────────┴─▶ closed
 * </pre> Another end is a cancellation, a deadline, the context's end, a callback that
 * throws. For gRPC a call is over when it is "ended", so those are heard of here from
 * then on. An answer that cannot be parsed is one too, which comes before those before it
 * were asked for.
 */
final class ReadAheadCall<Q, R> extends SimpleForwardingClientCall<Q, R> {

	private static final Log logger = LogFactory.getLog(ReadAheadCall.class);

	private final CallAttempts attempts;

	private final Executor executor;

	private final Context context = Context.current();

	/** One at a time, and on a thread of the executor or of gRPC. */
	private final SynchronizationContext callbacks = new SynchronizationContext(
			(thread, ex) -> logger.warn("The listener of a call has failed when it was told of the end", ex));

	/** How many answers the listener has asked for. */
	private final AtomicLong asked = new AtomicLong();

	/** How many the transport was asked for. */
	private final AtomicLong taken = new AtomicLong();

	private final AtomicBoolean takesSoon = new AtomicBoolean();

	/** Whether answers are held back. */
	private volatile boolean holds;

	private volatile @Nullable Status otherEnd;

	/** What has to be done when it may be time for what is held back. */
	private volatile Runnable delivery = () -> {
	};

	/**
	 * Reads ahead of a call that is made in the present context.
	 * @param delegate the call, for gRPC's own
	 * @param attempts what the transport does for it
	 * @param executor what runs its callbacks
	 */
	ReadAheadCall(ClientCall<Q, R> delegate, CallAttempts attempts, Executor executor) {
		super(delegate);
		this.attempts = attempts;
		this.executor = this.context.fixedContextExecutor(executor);
	}

	@Override
	public void start(Listener<R> listener, Metadata headers) {
		HoldingListener holding = new HoldingListener(listener);
		this.delivery = holding::deliver;
		this.attempts.tellOfAnswers(this::answerSent);
		super.start(holding, headers);
	}

	/** In a lock of the transport. */
	private void answerSent() {
		if (this.takesSoon.compareAndSet(false, true)) {
			// Most have been asked for by then
			CallAttempts.LATER.execute(() -> {
				this.takesSoon.set(false);
				int count = this.attempts.answers();
				if (count > this.taken.get()) {
					offTheTimer(() -> take(count));
				}
			});
		}
	}

	/** Callbacks run on the present thread if the executor is a direct one. */
	private static void offTheTimer(Runnable task) {
		ClientStreamGuard.executeInPoolOfGrpc(task);
	}

	@Override
	public void request(int numMessages) {
		if (numMessages <= 0) {
			super.request(numMessages); // is an error, or nothing
			return;
		}
		take(this.asked.addAndGet(numMessages));
		deliverHeld();
	}

	private void take(long count) {
		long before = this.taken.get();
		while (before < count) {
			int more = (int) Math.min(count - before, Integer.MAX_VALUE);
			if (this.taken.compareAndSet(before, before + more)) {
				super.request(more);
			}
			before = this.taken.get();
		}
	}

	@Override
	public void cancel(@Nullable String message, @Nullable Throwable cause) {
		super.cancel(message, cause);
		end(Status.CANCELLED.withDescription(message).withCause(cause));
	}

	private void cancelTransport(Throwable cause) {
		super.cancel("A callback has failed", cause);
	}

	private void end(Status status) {
		this.otherEnd = status;
		deliverHeld();
	}

	private void deliverHeld() {
		if (this.holds) {
			this.executor.execute(() -> this.callbacks.execute(this.delivery));
		}
	}

	/** Confined to {@link #callbacks}. */
	private final class HoldingListener extends Listener<R> {

		private final Listener<R> listener;

		private final Deque<R> held = new ArrayDeque<>();

		private final Context.CancellationListener contextEnd = (ended) -> end(Contexts.statusFromCancelled(ended));

		private final CompletableFuture<Void> deadline = new CompletableFuture<>();

		private long delivered;

		private @Nullable Status failure;

		/** As gRPC has told. */
		private @Nullable Status status;

		private Metadata trailers = new Metadata();

		private boolean watches;

		private boolean closed;

		HoldingListener(Listener<R> listener) {
			this.listener = listener;
		}

		@Override
		public void onHeaders(Metadata headers) {
			ReadAheadCall.this.callbacks.execute(() -> call(() -> this.listener.onHeaders(headers)));
		}

		@Override
		public void onMessage(R message) {
			ReadAheadCall.this.callbacks.execute(() -> {
				if (this.failure == null) {
					this.held.add(message);
				}
				deliver();
			});
		}

		@Override
		public void onReady() {
			ReadAheadCall.this.callbacks.execute(() -> call(this.listener::onReady));
		}

		@Override
		public void onClose(Status ofTransport, Metadata metadata) {
			ReadAheadCall.this.callbacks.execute(() -> {
				this.status = ofTransport;
				this.trailers = metadata;
				if (!ReadAheadCall.this.attempts.isEndByServer(ofTransport)) {
					this.held.clear();
				}
				deliver();
			});
		}

		void deliver() {
			do {
				ReadAheadCall.this.holds = false;
				while (isAskedFor()) {
					this.delivered++;
					R next = this.held.remove();
					call(() -> this.listener.onMessage(next));
				}
				if (isUnwanted()) {
					this.held.clear();
					this.status = ReadAheadCall.this.otherEnd;
					this.trailers = new Metadata();
				}
				// Who comes after this sees it, who came before is seen below
				ReadAheadCall.this.holds = !this.held.isEmpty();
			}
			while (isAskedFor() || isUnwanted());
			if (this.status != null) {
				if (this.held.isEmpty()) {
					close(this.status);
				}
				else {
					watch();
				}
			}
		}

		private boolean isAskedFor() {
			return !this.held.isEmpty() && this.delivered < ReadAheadCall.this.asked.get();
		}

		private boolean isUnwanted() {
			return !this.held.isEmpty() && this.status != null && ReadAheadCall.this.otherEnd != null;
		}

		/** As gRPC: what a callback throws ends the call. */
		private void call(Runnable callback) {
			if (this.failure != null) {
				return;
			}
			try {
				callback.run();
			}
			catch (Throwable ex) {
				this.failure = Status.CANCELLED.withDescription("A callback has failed").withCause(ex);
				this.held.clear();
				cancelTransport(ex);
			}
		}

		private void watch() {
			if (this.watches) {
				return;
			}
			this.watches = true;
			ReadAheadCall.this.attempts.holdsBack(true);
			ReadAheadCall.this.context.addListener(this.contextEnd, Runnable::run);
			Deadline latest = ReadAheadCall.this.attempts.deadline();
			if (latest != null) {
				var unused = this.deadline.orTimeout(latest.timeRemaining(TimeUnit.NANOSECONDS), TimeUnit.NANOSECONDS)
					.exceptionally((timeout) -> {
						offTheTimer(() -> end(
								Status.DEADLINE_EXCEEDED.withDescription("The deadline of the call has passed")));
						return null;
					});
			}
		}

		private void close(Status last) {
			if (this.closed) {
				return;
			}
			this.closed = true;
			if (this.watches) {
				ReadAheadCall.this.attempts.holdsBack(false);
				ReadAheadCall.this.context.removeListener(this.contextEnd);
				this.deadline.complete(null);
			}
			if (this.failure != null) {
				this.listener.onClose(this.failure, new Metadata());
			}
			else {
				this.listener.onClose(last, this.trailers);
			}
		}

	}

}
