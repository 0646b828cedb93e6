package io.strand.grpc.call;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;

import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.strand.grpc.thread.EventLoops;
import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.jspecify.annotations.Nullable;

/**
 * Guards the sending side of one stream: one thread sends at a time, and waits there
 * while the transport is not ready. Thread-safe: that is its purpose.
 *
 * <p>
 * <b>The lock.</b> Whoever sends or ends holds it, also while waiting for the transport,
 * so what a stream buffers is bounded by the ready threshold and one message. The
 * transport thread never takes it: it calls {@link #wake()}, which reads {@link #waiter}
 * and unparks. No wake-up is lost: the waiter announces itself before it asks whether the
 * transport is ready, the transport becomes ready before it looks for a waiter. The wait
 * also looks again by itself now and then, for transports that forget to say they are
 * ready.
 *
 * <p>
 * <b>Ending with an error goes first.</b> {@link #abort} is set before the lock is asked
 * for, and whoever waits under the lock gives up.
 *
 * <p>
 * <b>Event loops never wait</b>, neither for the lock nor for the transport. What they
 * cannot do at once goes to {@link #deferred}, a bounded queue that whoever holds the
 * lock empties before letting go; after letting go it looks once more, so that what was
 * queued in between is not left behind.
 */
abstract class SendGuard {

	private static final Log logger = LogFactory.getLog(SendGuard.class);

	private static final AtomicBoolean warned = new AtomicBoolean();

	private static final VarHandle DEFERRED;

	static {
		try {
			DEFERRED = MethodHandles.lookup().findVarHandle(SendGuard.class, "deferred", Queue.class);
		}
		catch (ReflectiveOperationException ex) {
			throw new ExceptionInInitializerError(ex);
		}
	}

	private final Lock lock = new Lock();

	private final ConcurrentSend mode;

	private final int eventLoopQueue;

	private final long recheckNanos;

	/** Made when an event loop first needs it. */
	private volatile @Nullable Queue<Runnable> deferred;

	private volatile @Nullable Thread waiter;

	private volatile @Nullable End aborted;

	/** When the holder of the lock took it, if the mode tells violations. */
	private volatile long heldSince;

	// Guarded by the lock

	/** Messages sent by event loops since the transport was last ready. */
	private int unready;

	private @Nullable End end;

	private long blockedNanos;

	SendGuard(ConcurrentSend mode, int eventLoopQueue, long recheckNanos) {
		this.mode = mode;
		this.eventLoopQueue = eventLoopQueue;
		this.recheckNanos = recheckNanos;
	}

	/**
	 * Whether the transport would take a message without buffering more than it should.
	 */
	abstract boolean isReady();

	/**
	 * The reason why nothing can be sent any more because of the peer, the deadline or
	 * the transport.
	 * @return a status, or {@code null} while the call lives
	 */
	abstract @Nullable Status cancellation();

	/** The call in words, such as {@code shop.Chat/Room (call 7)}. */
	abstract String describe();

	/** Called when a sender begins and ends to wait. */
	void blocked(boolean waiting) {
	}

	/**
	 * Sends a message.
	 * @param transmit hands the message to the transport
	 * @param mayWait whether to wait until the transport is ready
	 */
	final void send(Runnable transmit, boolean mayWait) {
		if (this.mode == ConcurrentSend.OFF) {
			transmit.run();
			return;
		}
		if (!acquire("send")) {
			defer(() -> transmitIfOpen(transmit));
			return;
		}
		try {
			refuseIfEnded();
			if (mayWait && !isReady()) {
				awaitReady();
			}
			transmit.run();
		}
		finally {
			release();
		}
	}

	private void transmitIfOpen(Runnable transmit) {
		if (this.end == null && this.aborted == null && cancellation() == null) {
			transmit.run();
		}
	}

	/**
	 * Sends something that is not a message and needs no room, such as headers.
	 * @param transmit hands it to the transport
	 */
	final void exclusively(Runnable transmit) {
		if (this.mode == ConcurrentSend.OFF) {
			transmit.run();
		}
		else if (!acquire("send")) {
			defer(transmit);
		}
		else {
			try {
				transmit.run();
			}
			finally {
				release();
			}
		}
	}

	/**
	 * Ends the stream, once. A good end waits for senders before it, an error makes them
	 * give up.
	 * @param how the end in words
	 * @param error whether it goes first
	 * @param transmit hands the end to the transport
	 * @throws IllegalStateException if the stream was ended before
	 */
	final void end(String how, boolean error, Runnable transmit) {
		if (this.mode == ConcurrentSend.OFF) {
			transmit.run();
			return;
		}
		if (error) {
			abort(how);
		}
		if (!error ? !acquire("end") : !acquireForError()) {
			defer(() -> {
				if (this.end == null) {
					this.end = End.by(how);
					transmit.run();
				}
			});
			return;
		}
		try {
			if (this.end != null) {
				throw new IllegalStateException(
						"%s was already %s; it cannot be %s as well".formatted(describe(), this.end, how));
			}
			this.end = End.by(how);
			transmit.run();
		}
		finally {
			release();
		}
	}

	private void abort(String how) {
		this.aborted = End.by(how);
		wake();
	}

	/** Wakes a sender that waits, to look at the state of the call again. */
	final void wake() {
		Thread thread = this.waiter;
		if (thread != null) {
			LockSupport.unpark(thread);
		}
	}

	final boolean isWaiting() {
		return this.waiter != null;
	}

	private void refuseIfEnded() {
		if (this.end != null) {
			throw new IllegalStateException(
					"%s was already %s; nothing more can be sent".formatted(describe(), this.end));
		}
		End abort = this.aborted;
		if (abort != null) {
			throw Status.CANCELLED.withDescription("%s was %s; the message was not sent".formatted(describe(), abort))
				.asRuntimeException();
		}
		Status cancelled = cancellation();
		if (cancelled != null) {
			throw notSent(cancelled);
		}
	}

	private StatusRuntimeException notSent(Status status) {
		return status.augmentDescription("The message was not sent on " + describe()).asRuntimeException();
	}

	private void awaitReady() {
		if (EventLoops.isCurrentThread()) {
			takeRoom();
			return;
		}
		this.unready = 0;
		long start = System.nanoTime();
		blocked(true);
		this.waiter = Thread.currentThread();
		try {
			while (!isReady()) {
				refuseIfEnded();
				if (Thread.interrupted()) {
					Thread.currentThread().interrupt();
					refuseIfEnded();
					throw notSent(Status.CANCELLED.withDescription("Interrupted while waiting to send"));
				}
				LockSupport.parkNanos(this, this.recheckNanos);
			}
			refuseIfEnded();
		}
		finally {
			this.waiter = null;
			this.blockedNanos += System.nanoTime() - start;
			blocked(false);
		}
	}

	private void takeRoom() {
		if (++this.unready > this.eventLoopQueue) {
			throw full();
		}
		warnOnce();
	}

	private StatusRuntimeException full() {
		return Status.RESOURCE_EXHAUSTED
			.withDescription(("An event loop sent %d messages on %s that its peer does not take; the message was not"
					+ " sent. Send from a thread that may block, or raise the event-loop-queue of its streams")
				.formatted(this.eventLoopQueue, describe()))
			.asRuntimeException();
	}

	private void warnOnce() {
		if (warned.compareAndSet(false, true)) {
			logger.warn(("%s is sent to by the event loop %s while its peer is slow: event loops cannot wait, so up to"
					+ " %d messages are queued")
				.formatted(describe(), Thread.currentThread().getName(), this.eventLoopQueue));
		}
	}

	/**
	 * Takes the lock as the mode says.
	 * @return {@code false} if this is an event loop and would have to wait
	 */
	private boolean acquire(String what) {
		if (this.lock.tryLock()) {
			held();
			return true;
		}
		if (this.mode == ConcurrentSend.FAIL) {
			Thread owner = this.lock.owner();
			if (owner != null) {
				throw violation(what, owner);
			}
		}
		if (EventLoops.isCurrentThread()) {
			return false;
		}
		try {
			this.lock.lockInterruptibly();
			held();
			return true;
		}
		catch (InterruptedException ex) {
			Thread.currentThread().interrupt();
			Status cancelled = cancellation();
			throw notSent((cancelled != null) ? cancelled
					: Status.CANCELLED.withDescription("Interrupted while waiting for another sender"));
		}
	}

	private boolean acquireForError() {
		if (!this.lock.tryLock()) {
			if (EventLoops.isCurrentThread()) {
				return false;
			}
			this.lock.lock();
		}
		held();
		return true;
	}

	private void held() {
		if (this.mode == ConcurrentSend.FAIL && this.lock.getHoldCount() == 1) {
			this.heldSince = System.nanoTime();
		}
	}

	private ConcurrentStreamUseException violation(String what, Thread owner) {
		Throwable first = new Throwable("Thread %s at that moment".formatted(End.describe(owner)));
		first.setStackTrace(owner.getStackTrace());
		ConcurrentStreamUseException exception = new ConcurrentStreamUseException(
				"Concurrent %s on %s: thread %s came while thread %s has been sending for %d ms%s".formatted(what,
						describe(), End.describe(Thread.currentThread()), End.describe(owner),
						TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - this.heldSince),
						(this.waiter != null) ? " (it waits for the peer to read)" : ""));
		exception.addSuppressed(first);
		return exception;
	}

	@SuppressWarnings("unchecked")
	private Queue<Runnable> deferred() {
		Queue<Runnable> queue = this.deferred;
		if (queue == null) {
			Queue<Runnable> made = new ConcurrentLinkedQueue<>();
			queue = (Queue<Runnable>) DEFERRED.compareAndExchange(this, null, made);
			if (queue == null) {
				queue = made;
			}
		}
		return queue;
	}

	private void defer(Runnable operation) {
		Queue<Runnable> queue = deferred();
		if (queue.size() >= this.eventLoopQueue) {
			throw full();
		}
		queue.add(operation);
		warnOnce();
		if (this.lock.tryLock()) {
			release();
		}
	}

	private void release() {
		while (true) {
			Queue<Runnable> queue = this.deferred;
			if (queue != null && this.lock.getHoldCount() == 1) {
				runDeferred(queue);
			}
			this.lock.unlock();
			queue = this.deferred;
			if (queue == null || queue.isEmpty() || this.lock.isHeldByCurrentThread() || !this.lock.tryLock()) {
				return;
			}
		}
	}

	private void runDeferred(Queue<Runnable> queue) {
		Runnable operation = queue.poll();
		while (operation != null) {
			try {
				operation.run();
			}
			catch (RuntimeException ex) {
				logger.error("What an event loop sent on %s is lost".formatted(describe()), ex);
			}
			operation = queue.poll();
		}
	}

	/** How long senders have waited for the transport, all together. */
	final long blockedNanos() {
		return this.blockedNanos;
	}

	private static final class Lock extends ReentrantLock {

		@Nullable Thread owner() {
			return getOwner();
		}

	}

}
