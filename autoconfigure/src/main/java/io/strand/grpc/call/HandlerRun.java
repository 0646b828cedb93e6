package io.strand.grpc.call;

import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.Status;
import org.jspecify.annotations.Nullable;

/**
 * What a {@link HandlerCall} does on its own thread: takes what came out of the mailbox
 * and hands it to interceptors and handler, one at a time and in order. What they throw
 * ends their own call and nothing else: after that the handler gets no more messages,
 * only the news of the end.
 *
 * <p>
 * While blocking code runs inside a callback, the {@link Pump} delivers in the place of
 * this thread, and gives the delivery back before the callback returns.
 */
final class HandlerRun<Q, R> {

	private final HandlerCall<Q, R> call;

	private final Metadata headers;

	private final ServerCallHandler<Q, R> next;

	private volatile long received;

	/** What another thread hands over to be run on this one. */
	private volatile @Nullable Runnable nextTask;

	// Confined to the call's thread

	private ServerCall.@Nullable Listener<Q> listener;

	private boolean started;

	private boolean failed;

	HandlerRun(HandlerCall<Q, R> call, Metadata headers, ServerCallHandler<Q, R> next) {
		this.call = call;
		this.headers = headers;
		this.next = next;
	}

	boolean hasWork() {
		return this.call.mailbox().hasNews() || this.nextTask != null;
	}

	boolean isStarted() {
		return this.started;
	}

	/**
	 * Hands over all that there is now.
	 * @return whether the call has ended
	 */
	boolean runAvailable() {
		return deliverAvailable() || endWithoutNews();
	}

	private boolean deliverAvailable() {
		while (true) {
			// Who cancels says so before it interrupts: what this look misses, an
			// interrupt tells
			int events = this.call.mailbox().events();
			if ((events & Mailbox.CANCELLED) != 0) {
				return end(true);
			}
			if (!deliverOrFail()) {
				return (events & Mailbox.COMPLETED) != 0 && end((events & Mailbox.ABORTED) != 0);
			}
		}
	}

	private boolean deliverOrFail() {
		try {
			return deliver();
		}
		catch (Throwable ex) {
			failed(ex);
			return true;
		}
	}

	/**
	 * Delivers the next event, if there is one. While blocking code runs inside a
	 * callback, called by the pump.
	 * @return whether there was one
	 */
	boolean deliver() {
		Mailbox<Q> mailbox = this.call.mailbox();
		ServerCall.Listener<Q> current = this.failed ? null : this.listener;
		if (!this.started) {
			this.started = true;
			this.listener = this.next.startCall(this.call.call(), this.headers);
			return true;
		}
		if (mailbox.takeReady()) {
			if (current != null) {
				current.onReady();
			}
			return true;
		}
		Runnable task = this.nextTask;
		if (task != null) {
			this.nextTask = null;
			if (!this.failed) {
				task.run();
			}
			return true;
		}
		Object message = mailbox.takeMessage();
		if (message != null) {
			deliver(message, current);
			return true;
		}
		if (mailbox.takeHalfClose()) {
			if (current != null) {
				current.onHalfClose();
			}
			return true;
		}
		return false;
	}

	@SuppressWarnings("unchecked")
	private void deliver(Object message, ServerCall.@Nullable Listener<Q> current) {
		if (!this.failed) {
			this.call.mailbox().askForFreedRoom();
			this.received++;
		}
		if (current == null) {
			Inbox.discard(message);
			return;
		}
		Object decoded = (message instanceof DeferredMessage deferred) ? decode(deferred) : message;
		if (decoded == null && this.call.isCancelled()) {
			// The handler must not take what comes after the hole for the rest
			this.failed = true;
			return;
		}
		current.onMessage((Q) decoded);
	}

	private @Nullable Object decode(DeferredMessage message) {
		if (!message.isLarge() || !this.call.plan().threads().isVirtual()) {
			return message.decode();
		}
		this.call.thread().leaveBatchBeforeWait();
		return this.call.engine().decodingThreads().decode(message, this.call);
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
		Pump pump = this.call.thread().pump();
		if (!this.call.thread().isCurrent() || (!starting && pump != null && !pump.isOver())) {
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
		if (!isAnswered() || hasEndCallbacks()) {
			return false;
		}
		this.call.thread().keepInterruptsAway();
		Thread.interrupted(); // as at any end
		this.call.end();
		return true;
	}

	private boolean isAnswered() {
		return this.call.call().isClosed() && this.call.call().isSeenByHandlerOnly()
				&& this.call.plan().clientSendsOneMessage() && this.call.mailbox().isHalfCloseTaken();
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
		this.call.thread().keepInterruptsAway();
		ServerCall.Listener<Q> current = this.listener;
		try {
			if (cancelled) {
				// Who aborts may not have come to say so
				this.call.mailbox().put(Mailbox.CANCELLED);
			}
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

	// From any thread

	/**
	 * Has the call's thread run a task, as if it were a callback. A later one may take
	 * its place.
	 */
	void next(Runnable task) {
		this.nextTask = task;
		this.call.thread().wake();
	}

	Metadata headers() {
		return this.headers;
	}

	long received() {
		return this.received;
	}

}
