package io.strand.grpc.call;

import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.IntConsumer;

import io.grpc.ServerCall;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.strand.grpc.thread.EventLoops;
import org.jspecify.annotations.Nullable;

/**
 * The receiving end of one call for code that blocks. Thread-safe: receivers are served
 * one at a time, in about the order in which they came, or refused, as the method's
 * {@link ConcurrentSend} says. For the package of blocking streams; applications use
 * those.
 *
 * <p>
 * Asks for one message at a time, the first at once, so what is buffered stays bounded
 * whatever the peer does.
 *
 * @param <Q> the type of the messages
 */
public final class Receiver<Q> {

	private final EngineServerCall<?, ?> call;

	private final Pump pump;

	private final IntConsumer request;

	private final StreamLock lock = new StreamLock(true);

	/** What came through the interceptors and nobody has taken. */
	private final Queue<Q> messages = new ConcurrentLinkedQueue<>();

	/** Whether a message was asked for that has not come. */
	private volatile boolean requested;

	private volatile boolean halfClosed;

	private Receiver(EngineServerCall<?, ?> call, IntConsumer request) {
		this.call = call;
		this.request = request;
		this.pump = new Pump(call.owner());
	}

	/**
	 * Makes the receiving end of a call whose handler is being started, and has the
	 * engine give it a callback to block in.
	 * @param <Q> the type of the messages
	 * @param call the call, as handed to the handler
	 * @return the receiving end
	 * @throws IllegalStateException if the engine does not serve the call
	 */
	public static <Q> Receiver<Q> of(ServerCall<Q, ?> call) {
		EngineServerCall<?, ?> engineCall = EngineServerCall.of(call);
		if (engineCall == null) {
			throw ServedCall.notServed(call.getMethodDescriptor().getFullMethodName());
		}
		return start(engineCall, call::request);
	}

	/**
	 * As {@link #of}, for the call that the current thread serves.
	 * @param <Q> the type of the messages
	 * @param request asks for messages
	 * @return the receiving end
	 * @throws IllegalStateException if this thread serves no call
	 */
	public static <Q> Receiver<Q> current(IntConsumer request) {
		HandlerCall<?, ?> current = ServedCall.KEY.get();
		if (current == null) {
			throw ServedCall.notServed("the method that asks for a blocking stream");
		}
		return start(current.call(), request);
	}

	private static <Q> Receiver<Q> start(EngineServerCall<?, ?> call, IntConsumer request) {
		Receiver<Q> receiver = new Receiver<>(call, request);
		receiver.requestOne();
		call.owner().thread().pump(receiver.pump);
		// A callback to block in: the first message may be long in coming
		call.owner().mailbox().signal(Mailbox.READY);
		return receiver;
	}

	/**
	 * The call of this stream.
	 * @return the call
	 */
	public GrpcCall call() {
		return this.call.served();
	}

	// From the innermost callbacks

	/**
	 * Adds a message.
	 * @param message the message
	 */
	public void add(Q message) {
		if (this.pump.isOver()) {
			return; // nobody will take it
		}
		// First: who finds the message and takes it must be able to ask for the next
		this.requested = false;
		this.messages.add(message);
		this.pump.wake();
	}

	/** There will be no more messages. */
	public void halfClose() {
		this.halfClosed = true;
		this.pump.wake();
	}

	/**
	 * Whether this is the call's thread, the one to {@link #run} on. If not, as with
	 * interceptors that change threads, the call's thread will soon call the handler
	 * back.
	 * @param start what that shall come to
	 * @return whether the current thread can run the code that receives
	 */
	public boolean canRun(Runnable start) {
		return this.pump.isCallThread(start);
	}

	/**
	 * Runs the code that receives.
	 * @param body the code
	 */
	public void run(Runnable body) {
		this.pump.run(body);
	}

	/**
	 * Runs code of a thread that works for the call beside the call's own, which is set
	 * up as that one is.
	 * @param task the code
	 */
	public void runBeside(Runnable task) {
		this.call.owner().thread().onBehalf(() -> {
			task.run();
			return null;
		});
	}

	/**
	 * Interrupts the code that {@link #run} runs, if it still does. If the call is
	 * cancelled, that is left to the engine, which may be told not to.
	 */
	public void interrupt() {
		if (!this.call.owner().isCancelled()) {
			this.call.owner().thread().interrupt();
		}
	}

	/**
	 * Throws what a callback threw to a receiver, if one did: the call cannot end well.
	 */
	public void refuseIfFailed() {
		this.pump.refuseIfFailed();
	}

	/**
	 * Whether the call has ended, for whatever reason.
	 * @return whether nothing more can be sent
	 */
	public boolean isEnded() {
		return this.call.isEnded();
	}

	// From the application

	/**
	 * Waits for the next message.
	 * @return the message, or {@code null} after the last
	 */
	public @Nullable Q receive() {
		acquire(Long.MAX_VALUE);
		try {
			while (true) {
				Q message = next();
				if (message != null || isComplete()) {
					return message;
				}
				await(Long.MAX_VALUE);
			}
		}
		finally {
			this.lock.unlock();
		}
	}

	/**
	 * Waits for the next message, but not for ever.
	 * @param nanos how long; zero or less to look only
	 * @return the message, or {@code null} after the last
	 * @throws TimeoutException if none came in time
	 */
	public @Nullable Q receive(long nanos) throws TimeoutException {
		long start = System.nanoTime();
		if (!acquire(nanos)) {
			throw timeout(nanos);
		}
		try {
			while (true) {
				Q message = next();
				if (message != null || isComplete()) {
					return message;
				}
				long left = nanos - (System.nanoTime() - start);
				if (left <= 0) {
					throw timeout(nanos);
				}
				await(left);
			}
		}
		finally {
			this.lock.unlock();
		}
	}

	/** Takes the next message, or delivers all that there is until there is one. */
	private @Nullable Q next() {
		while (true) {
			refuseIfOver();
			Q message = this.messages.poll();
			if (message != null) {
				return message;
			}
			if (this.halfClosed) {
				// Set after the last message was added
				return this.messages.poll();
			}
			requestOne();
			if (!this.pump.deliver()) {
				return this.messages.poll();
			}
		}
	}

	/** Whether all messages were taken: another thread may have added the last. */
	private boolean isComplete() {
		return this.halfClosed && this.messages.isEmpty();
	}

	private void requestOne() {
		if (!this.requested) {
			this.requested = true;
			this.request.accept(1);
		}
	}

	private void await(long nanos) {
		// First: whoever cancels interrupts after that
		boolean interrupted = Thread.currentThread().isInterrupted();
		refuseIfOver();
		if (interrupted) {
			throw interrupted();
		}
		this.pump.await(() -> !this.messages.isEmpty() || this.halfClosed || this.call.isEnded(), nanos);
	}

	private void refuseIfOver() {
		Status cancelled = this.call.owner().cancellation();
		if (cancelled != null) {
			throw cancelled.augmentDescription("Nothing more can be received on " + describe()).asRuntimeException();
		}
		this.pump.refuseIfFailed();
		if (this.pump.isOver() || this.call.isEnded()) {
			throw Status.CANCELLED.withDescription("%s has ended; nothing more can be received".formatted(describe()))
				.asRuntimeException();
		}
	}

	private boolean acquire(long nanos) {
		if (EventLoops.isCurrentThread()) {
			throw new IllegalStateException(
					("The event loop %s cannot receive on %s, for it must never wait: receive on the call's thread, with"
							+ " another threading than event-loop, or on a thread of your own")
						.formatted(Thread.currentThread().getName(), describe()));
		}
		if (this.call.plan().settings().concurrentSend() == ConcurrentSend.FAIL) {
			acquireOrFail();
			return true;
		}
		if (!this.lock.hasQueuedThreads() && this.lock.tryLock()) {
			return true;
		}
		try {
			if (nanos == Long.MAX_VALUE) {
				this.lock.lockInterruptibly();
				return true;
			}
			return this.lock.tryLock(nanos, TimeUnit.NANOSECONDS);
		}
		catch (InterruptedException ex) {
			Thread.currentThread().interrupt();
			refuseIfOver();
			throw interrupted();
		}
	}

	private void acquireOrFail() {
		Thread holder = this.lock.takeOrTellHolder();
		if (holder != null) {
			this.call.owner().engine().counters().countConcurrentUse();
			throw ConcurrentStreamUseException.of("receive", describe(), holder, "receiving", this.lock.heldSince(),
					"");
		}
		this.lock.noteTime();
	}

	private StatusRuntimeException interrupted() {
		return Status.CANCELLED.withDescription("Interrupted while waiting to receive on " + describe())
			.asRuntimeException();
	}

	private TimeoutException timeout(long nanos) {
		return new TimeoutException(
				"No message came on %s in %d ms".formatted(describe(), TimeUnit.NANOSECONDS.toMillis(nanos)));
	}

	private String describe() {
		return this.call.owner().describe();
	}

}
