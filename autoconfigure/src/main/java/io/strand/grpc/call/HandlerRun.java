package io.strand.grpc.call;

import java.util.Objects;
import java.util.function.Supplier;

import io.grpc.Context;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.Status;
import io.strand.grpc.thread.InterruptFence;
import io.strand.grpc.thread.SerialTask;
import org.jspecify.annotations.Nullable;

/**
 * The side of a {@link HandlerCall} that runs on the call's own thread: takes the events
 * out of the mailbox and hands them to interceptors and handler, one at a time and in
 * order.
 *
 * <p>
 * Code of the application runs between {@link InterruptFence#enter()} and
 * {@link InterruptFence#leave()}, but for the news of the end. What it throws ends its
 * own call and nothing else: after that the handler gets no more messages, only the news
 * of the end.
 *
 * <p>
 * While blocking code runs inside a callback, the {@link Pump} delivers in the place of
 * this thread, and gives the delivery back before the callback returns.
 */
final class HandlerRun<Q, R> implements SerialTask {

	private enum Step {

		START, TASK, READY, MESSAGE, HALF_CLOSE

	}

	private final HandlerCall<Q, R> call;

	private final Metadata headers;

	private final ServerCallHandler<Q, R> next;

	private final InterruptFence fence = new InterruptFence();

	/** Sets up the thread for this call, if there is anything to be set up. */
	private final @Nullable HookedWork hooked;

	private volatile @Nullable Thread thread;

	private volatile boolean idle;

	private volatile long received;

	/** What another thread hands over to be run on this one. */
	private volatile @Nullable Runnable nextTask;

	/** The calls that came with this one; {@code null} once this one has left them. */
	private TransportLoop.@Nullable Batch batch;

	// Confined to the call's thread

	private ServerCall.@Nullable Listener<Q> listener;

	private boolean started;

	private boolean halfCloseDelivered;

	private boolean failed;

	HandlerRun(HandlerCall<Q, R> call, Metadata headers, ServerCallHandler<Q, R> next) {
		this.call = call;
		this.headers = headers;
		this.next = next;
		this.hooked = HookedWork.of(call);
	}

	@Override
	public boolean hasWork() {
		int events = this.call.events();
		return (events & (HandlerCall.READY | HandlerCall.CANCELLED | HandlerCall.COMPLETED)) != 0
				|| this.call.inbox().hasDeliverable() || isHalfCloseDue(events) || this.nextTask != null;
	}

	private boolean isHalfCloseDue(int events) {
		return (events & HandlerCall.HALF_CLOSED) != 0 && !this.halfCloseDelivered && this.call.inbox().isEmpty();
	}

	@Override
	public boolean runAvailable() {
		if (!this.started && !this.call.begin()) {
			leaveBatch();
			return true;
		}
		this.idle = false;
		this.thread = Thread.currentThread();
		Context previous = this.call.context().attach();
		if (this.hooked != null) {
			this.hooked.begin();
		}
		this.fence.enter();
		boolean over = false;
		try {
			over = deliverAvailable() || endWithoutNews();
			return over;
		}
		finally {
			this.fence.leave();
			// A thread of the call's own is left as it is until the end
			if (this.hooked != null && (over || !this.call.plan().threads().isVirtual())) {
				this.hooked.end();
			}
			this.call.context().detach(previous);
			leaveBatch();
			this.call.leaveIfClosed();
			this.idle = true;
			this.thread = null;
		}
	}

	private boolean deliverAvailable() {
		while (true) {
			// Who cancels says so before it interrupts: what this look misses, an
			// interrupt tells
			int events = this.call.events();
			if ((events & HandlerCall.CANCELLED) != 0) {
				return end(true);
			}
			if (!this.started) {
				this.started = true;
				handle(Step.START, null);
			}
			else if ((events & HandlerCall.READY) != 0) {
				this.call.takeReady();
				handle(Step.READY, null);
			}
			else if (this.nextTask != null) {
				Runnable task = this.nextTask;
				this.nextTask = null;
				handle(Step.TASK, task);
			}
			else if (deliverMessage()) {
				continue;
			}
			else if (isHalfCloseDue(events)) {
				this.halfCloseDelivered = true;
				handle(Step.HALF_CLOSE, null);
			}
			else if ((events & HandlerCall.COMPLETED) != 0) {
				return end((events & HandlerCall.ABORTED) != 0);
			}
			else {
				return false;
			}
		}
	}

	private boolean deliverMessage() {
		Object message = this.call.inbox().poll();
		if (message == null) {
			return false;
		}
		if (!this.failed) {
			this.call.askForFreedRoom();
			this.received++;
		}
		handle(Step.MESSAGE, message);
		return true;
	}

	/**
	 * Delivers one event from inside a callback. By the pump, while blocking code runs.
	 * @return whether there was one
	 */
	boolean deliverNested() {
		int events = this.call.events();
		if ((events & HandlerCall.READY) != 0) {
			this.call.takeReady();
			run(Step.READY, null);
			return true;
		}
		Runnable task = this.nextTask;
		if (task != null) {
			this.nextTask = null;
			run(Step.TASK, task);
			return true;
		}
		Object message = this.call.inbox().poll();
		if (message != null) {
			this.call.askForFreedRoom();
			this.received++;
			run(Step.MESSAGE, message);
			return true;
		}
		if (isHalfCloseDue(events)) {
			this.halfCloseDelivered = true;
			run(Step.HALF_CLOSE, null);
			return true;
		}
		return false;
	}

	private void handle(Step step, @Nullable Object message) {
		if (this.failed) {
			Inbox.discard(message);
			return;
		}
		try {
			run(step, message);
		}
		catch (Throwable ex) {
			failed(ex);
		}
	}

	@SuppressWarnings("unchecked")
	private void run(Step step, @Nullable Object message) {
		ServerCall.Listener<Q> current = this.listener;
		if (step == Step.START) {
			this.listener = this.next.startCall(this.call.call(), this.headers);
		}
		else if (step == Step.TASK) {
			Objects.requireNonNull((Runnable) message).run();
		}
		else if (current == null) {
			Inbox.discard(message);
		}
		else if (step == Step.MESSAGE) {
			current.onMessage((Q) ((message instanceof DeferredMessage deferred) ? deferred.decode() : message));
		}
		else if (step == Step.HALF_CLOSE) {
			current.onHalfClose();
		}
		else {
			current.onReady();
		}
	}

	private void failed(Throwable thrown) {
		this.failed = true;
		EngineServerCall<Q, R> server = this.call.call();
		try {
			boolean ended = server.isEnded();
			HandlerFailure.log(thrown, this.call, this.call.isCancelled());
			if (!ended) {
				HandlerFailure failure = HandlerFailure.of(thrown, this.call.id());
				server.fail(failure.status(), failure.trailers());
			}
		}
		catch (Throwable ex) {
			failedToFail(server, ex);
		}
	}

	/**
	 * What is inside an interceptor of the call has thrown. On the call's thread: if this
	 * is another, it is left to the interceptor.
	 * @param server the call as that interceptor gave it on
	 */
	boolean failedInside(ServerCall<?, ?> server, Throwable thrown, boolean starting) {
		Pump pump = this.call.pump();
		if (!isCurrentThread() || (!starting && pump != null && !pump.isOver())) {
			return false; // a receiver has to see it
		}
		if (this.call.call().isEnded() || this.call.call().isHandlerReached()) {
			failed(thrown);
			return true;
		}
		this.failed = true;
		HandlerFailure.log(thrown, this.call, false);
		try {
			HandlerFailure failure = HandlerFailure.of(thrown, this.call.id());
			server.close(failure.status(), failure.trailers());
		}
		catch (Throwable ex) {
			failedToFail(this.call.call(), ex);
		}
		return true;
	}

	/**
	 * Another thread ended the call at the same time, or an interceptor threw when it was
	 * told of the end, or there is no memory.
	 */
	private void failedToFail(EngineServerCall<Q, R> server, Throwable thrown) {
		try {
			if (!server.isEnded()) {
				server.refuse(Status.UNKNOWN);
			}
			if (!(thrown instanceof IllegalStateException)) {
				HandlerFailure.log(thrown, this.call, false);
			}
		}
		catch (Throwable ex) {
			// Nothing is left to try: the call ends with its deadline or connection
		}
	}

	/**
	 * Ends a call that was answered and has nobody to tell how the answer fared.
	 */
	private boolean endWithoutNews() {
		if (!this.halfCloseDelivered || !this.call.isAnswered() || hasEndCallbacks()) {
			return false;
		}
		this.fence.leave();
		Thread.interrupted(); // as at any end
		this.call.end();
		return true;
	}

	private boolean hasEndCallbacks() {
		try {
			return EndCallbacks.arePresent(this.listener);
		}
		catch (Throwable ex) {
			HandlerFailure.log(ex, this.call, false);
			return true;
		}
	}

	private boolean end(boolean cancelled) {
		this.fence.leave();
		ServerCall.Listener<Q> current = this.listener;
		try {
			if (current != null && cancelled) {
				current.onCancel();
			}
			else if (current != null) {
				current.onComplete();
			}
		}
		catch (Throwable ex) {
			HandlerFailure.log(ex, this.call, false);
		}
		finally {
			// What the application set itself must not reach the next call on this thread
			Thread.interrupted();
			this.call.end();
		}
		return true;
	}

	@Override
	public void rejected() {
		leaveBatch();
		this.call.rejected();
	}

	// From any thread

	/** Interrupts the application's code, if some runs. */
	void interrupt() {
		this.fence.interrupt();
	}

	/** Runs a task on the call's thread. A later one may take its place. */
	void next(Runnable task) {
		this.nextTask = task;
	}

	/** Does something for the call, on a thread that is set up for it. */
	<T extends @Nullable Object> T onBehalf(Supplier<T> task) {
		return (this.hooked == null || isCurrentThread()) ? task.get() : this.hooked.beside(task);
	}

	boolean isCurrentThread() {
		return this.thread == Thread.currentThread();
	}

	Metadata headers() {
		return this.headers;
	}

	boolean isIdle() {
		return this.idle;
	}

	@Nullable Thread thread() {
		return this.thread;
	}

	long received() {
		return this.received;
	}

	// The batch

	/** Before the thread starts. */
	void batch(TransportLoop.Batch joined) {
		this.batch = joined;
	}

	TransportLoop.@Nullable Batch leaveBatchIfCurrentThread() {
		if (this.thread != Thread.currentThread()) {
			return null;
		}
		TransportLoop.Batch current = this.batch;
		this.batch = null;
		return current;
	}

	/** The call's thread comes to rest inside a callback. */
	void leaveBatchBeforeWait() {
		if (isCurrentThread()) {
			leaveBatch();
		}
	}

	private void leaveBatch() {
		TransportLoop.Batch current = this.batch;
		this.batch = null;
		if (current != null) {
			current.leave();
		}
	}

}
