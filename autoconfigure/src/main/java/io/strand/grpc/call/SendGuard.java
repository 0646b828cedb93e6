package io.strand.grpc.call;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.concurrent.locks.LockSupport;

import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.strand.grpc.thread.EventLoops;
import org.jspecify.annotations.Nullable;

/**
 * Guards the sending side of one stream: one thread sends at a time, and waits there
 * while the transport is not ready. Thread-safe: that is its purpose.
 *
 * <p>
 * <b>The lock.</b> Whoever sends or ends holds it, also while waiting for the transport,
 * so what a stream buffers is bounded by the ready threshold and one message. The
 * transport thread never takes it: it calls {@link #wake()}, which reads {@link #waiting}
 * and unparks. No wake-up is lost: the waiter announces itself before it asks whether the
 * transport is ready, the transport becomes ready before it looks for a waiter. The wait
 * also looks again by itself now and then, for transports that forget to say they are
 * ready.
 *
 * <p>
 * <b>The end.</b> Who moves {@link #end} from {@code null} ends the stream, all others
 * are refused. A good end does so with the lock in hand, after the senders before it. An
 * error does so before it asks for the lock, and whoever waits for the transport under
 * the lock gives up. {@link #closed} follows when the end is handed to the transport.
 *
 * <p>
 * <b>Event loops never wait</b>, neither for the lock nor for the transport: see
 * {@link EventLoopSends}.
 */
abstract class SendGuard {

	private static final VarHandle EVENT_LOOPS;

	private static final VarHandle END;

	static {
		try {
			EVENT_LOOPS = MethodHandles.lookup().findVarHandle(SendGuard.class, "eventLoops", EventLoopSends.class);
			END = MethodHandles.lookup().findVarHandle(SendGuard.class, "end", End.class);
		}
		catch (ReflectiveOperationException ex) {
			throw new ExceptionInInitializerError(ex);
		}
	}

	private final StreamLock lock = new StreamLock(false);

	private final ConcurrentSend mode;

	private final int eventLoopQueue;

	private final long recheckNanos;

	/** Made when an event loop first needs it. */
	private volatile @Nullable EventLoopSends eventLoops;

	private volatile @Nullable SendWait waiting;

	private volatile @Nullable End end;

	/** Of the waits that are over. Written with the lock held, read by anyone. */
	private volatile long blockedNanos;

	/** Guarded by the lock. */
	private boolean closed;

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

	/**
	 * As {@link #cancellation}, for those who wait: also if the news of it is still on
	 * its way.
	 */
	@Nullable Status cancellationOnItsWay() {
		return cancellation();
	}

	/** The call in words, such as {@code shop.Chat/Room (call 7)}. */
	abstract String describe();

	/**
	 * Sends a message or headers. Blocks while another thread sends and, if it may, until
	 * the transport is ready, the call is cancelled or ended with an error, or the thread
	 * is interrupted (whose interrupt status stays set).
	 * @param transmit hands the message to the transport
	 * @param mayWait whether to wait until the transport is ready, and to refuse if the
	 * call was cancelled
	 * @throws StatusRuntimeException if the wait was in vain or, for event loops, the
	 * queue is full; nothing was sent
	 * @throws IllegalStateException if the stream was ended before
	 * @throws ConcurrentStreamUseException if another thread sends and the mode is to
	 * fail
	 */
	final void send(Runnable transmit, boolean mayWait) {
		if (this.mode == ConcurrentSend.OFF) {
			transmit.run();
			return;
		}
		if (!acquire(false)) {
			eventLoops().send(transmit, mayWait);
			return;
		}
		try {
			refuseIfEnded();
			if (mayWait) {
				refuseIfCancelled();
				if (isReady()) {
					seenReady();
				}
				else {
					awaitReady();
				}
			}
			transmit.run();
		}
		finally {
			release();
		}
	}

	/**
	 * Sends a message if the transport takes it now. Waits for other senders at most,
	 * never for the peer.
	 * @param transmit hands the message to the transport
	 * @return whether it was sent, or left by an event loop to the one that sends
	 * @throws StatusRuntimeException if the call was cancelled
	 * @throws IllegalStateException if the stream was ended before
	 */
	final boolean sendIfReady(Runnable transmit) {
		if (!isReady()) {
			return false;
		}
		if (this.mode == ConcurrentSend.OFF) {
			transmit.run();
			return true;
		}
		if (!acquire(false)) {
			eventLoops().send(transmit, false);
			return true;
		}
		try {
			refuseIfEnded();
			refuseIfCancelled();
			if (!isReady()) {
				return false;
			}
			seenReady();
			transmit.run();
			return true;
		}
		finally {
			release();
		}
	}

	/**
	 * Does what is part of sending, without a look at the state of the stream.
	 * @param transmit hands it to the transport
	 */
	final void exclusively(Runnable transmit) {
		if (this.mode == ConcurrentSend.OFF) {
			transmit.run();
		}
		else if (!acquire(false)) {
			eventLoops().offer(transmit);
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
		}
		else if (error) {
			refuseSecondEnd(how, true);
			overtake(() -> close(transmit));
		}
		else if (acquire(true)) {
			try {
				refuseSecondEnd(how, false);
				drain();
				close(transmit);
			}
			finally {
				release();
			}
		}
		else {
			refuseSecondEnd(how, false);
			eventLoops().end(() -> close(transmit));
		}
	}

	/**
	 * Hands an end to the transport that may be the one of {@link #end} on its way
	 * through the interceptors, or an interceptor's own. The transport tells them apart.
	 * @param how the end in words
	 * @param error whether it goes first
	 * @param transmit hands the end to the transport
	 */
	final void endDirectly(String how, boolean error, Runnable transmit) {
		if (this.mode == ConcurrentSend.OFF) {
			transmit.run();
		}
		else if (error) {
			claimEnd(how, true);
			overtake(() -> close(transmit));
		}
		else if (acquire(true)) {
			try {
				if (claimEnd(how, false) == null) {
					drain();
				}
				close(transmit);
			}
			finally {
				release();
			}
		}
		else {
			claimEnd(how, false);
			eventLoops().end(() -> close(transmit));
		}
	}

	/**
	 * Hands an end to the transport that the peer's cancellation would have spared it:
	 * those who still send or end the stream are left to find that it was cancelled.
	 * @param transmit hands the end to the transport
	 */
	final void endPastSenders(Runnable transmit) {
		if (this.mode == ConcurrentSend.OFF) {
			transmit.run();
		}
		else {
			overtake(() -> close(transmit));
		}
	}

	/**
	 * Hands an error to the transport in the place of an end that got no further than the
	 * interceptors, or of none. One that still waits for the lock was first: it will be
	 * the end.
	 * @param how the end in words
	 * @param transmit hands the end to the transport
	 */
	final void endInstead(String how, Runnable transmit) {
		if (this.mode == ConcurrentSend.OFF) {
			transmit.run();
			return;
		}
		boolean first = claimEnd(how, true) == null;
		overtake(() -> {
			if (first || this.closed) {
				close(transmit);
			}
		});
	}

	/** Whoever waits for the transport is to give up the lock. */
	private void overtake(Runnable close) {
		wake();
		if (!acquireForError()) {
			eventLoops().end(close);
			return;
		}
		try {
			drain();
			close.run();
		}
		finally {
			release();
		}
	}

	private void close(Runnable transmit) {
		this.closed = true;
		transmit.run();
	}

	/**
	 * Makes this the end of the stream, if it has none.
	 * @return the end that was before, or {@code null} if there was none
	 */
	private @Nullable End claimEnd(String how, boolean error) {
		End before = this.end;
		return (before != null) ? before : (End) END.compareAndExchange(this, null, End.now(how, error));
	}

	private void refuseSecondEnd(String how, boolean error) {
		End before = claimEnd(how, error);
		if (before != null) {
			throw new IllegalStateException(
					"%s was already %s; it cannot be %s as well".formatted(describe(), before, how));
		}
	}

	/** Wakes a sender that waits, to look at the state of the call again. */
	final void wake() {
		SendWait wait = this.waiting;
		if (wait != null) {
			LockSupport.unpark(wait.thread());
		}
	}

	/** The sender that waits for the transport, if one does. */
	final @Nullable SendWait waiting() {
		return this.waiting;
	}

	private void refuseIfEnded() {
		End ended = this.end;
		if (ended == null) {
			return;
		}
		if (ended.error() && !this.closed) {
			throw overtaken(ended);
		}
		throw tooLate(ended);
	}

	final IllegalStateException tooLate(End ended) {
		return new IllegalStateException("%s was already %s; nothing more can be sent".formatted(describe(), ended));
	}

	private StatusRuntimeException overtaken(End ended) {
		return Status.CANCELLED.withDescription("%s was %s; the message was not sent".formatted(describe(), ended))
			.asRuntimeException();
	}

	private void refuseIfCancelled() {
		Status cancelled = cancellation();
		if (cancelled != null) {
			throw notDone(cancelled, false);
		}
	}

	private StatusRuntimeException notDone(Status status, boolean ending) {
		return status.augmentDescription((ending ? "The end" : "The message") + " was not sent on " + describe())
			.asRuntimeException();
	}

	private void awaitReady() {
		if (EventLoops.isCurrentThread()) {
			eventLoops().takeRoom();
			return;
		}
		SendWait wait = new SendWait(Thread.currentThread(), System.nanoTime(), this.blockedNanos);
		waitBegins(wait.since());
		this.waiting = wait;
		try {
			while (!isReady()) {
				giveUpIfInVain();
				LockSupport.parkNanos(this, this.recheckNanos);
			}
			seenReady();
		}
		finally {
			long now = System.nanoTime();
			// First: who finds nobody waiting has to find the time
			this.blockedNanos = wait.total(now);
			this.waiting = null;
			waitEnded(now);
		}
		refuseIfCancelled();
	}

	/**
	 * A sender begins to wait for the transport; to be followed by {@link #waitEnded}.
	 * @param now the present time
	 */
	void waitBegins(long now) {
	}

	/**
	 * A sender waits no longer.
	 * @param now the present time
	 */
	void waitEnded(long now) {
	}

	private void giveUpIfInVain() {
		End ended = this.end;
		if (ended != null && ended.error()) {
			throw overtaken(ended);
		}
		// First: whoever cancels interrupts after that
		boolean interrupted = Thread.currentThread().isInterrupted();
		Status cancelled = cancellationOnItsWay();
		if (cancelled != null) {
			throw notDone(cancelled, false);
		}
		if (interrupted) {
			throw notDone(Status.CANCELLED.withDescription("Interrupted while waiting to send"), false);
		}
	}

	private void seenReady() {
		EventLoopSends sends = this.eventLoops;
		if (sends != null) {
			sends.transportIsReady();
		}
	}

	/**
	 * Takes the lock as the mode says.
	 * @return {@code false} if this is an event loop and would have to wait
	 */
	private boolean acquire(boolean ending) {
		if (!this.lock.tryLock() && !acquireContended(ending)) {
			return false;
		}
		held();
		return true;
	}

	private boolean acquireContended(boolean ending) {
		if (this.mode == ConcurrentSend.FAIL) {
			Thread holder = this.lock.takeOrTellHolder();
			if (holder != null) {
				violated();
				throw ConcurrentStreamUseException.of(ending ? "end" : "send", describe(), holder, "sending",
						this.lock.heldSince(), (this.waiting != null) ? " (it waits for the peer to read)" : "");
			}
			return true;
		}
		if (EventLoops.isCurrentThread()) {
			return false;
		}
		try {
			this.lock.lockInterruptibly();
			return true;
		}
		catch (InterruptedException ex) {
			Thread.currentThread().interrupt();
			Status cancelled = cancellation();
			throw notDone((cancelled != null) ? cancelled
					: Status.CANCELLED.withDescription("Interrupted while waiting for another sender"), ending);
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
		if (this.eventLoops != null && this.lock.getHoldCount() == 1) {
			drain();
		}
		if (this.mode == ConcurrentSend.FAIL) {
			this.lock.noteTime();
		}
	}

	/** Two threads send at once, which the mode forbids. */
	void violated() {
	}

	private EventLoopSends eventLoops() {
		EventLoopSends sends = this.eventLoops;
		if (sends == null) {
			EventLoopSends made = new EventLoopSends(this, this.eventLoopQueue);
			sends = (EventLoopSends) EVENT_LOOPS.compareAndExchange(this, null, made);
			if (sends == null) {
				sends = made;
			}
		}
		return sends;
	}

	private void release() {
		this.lock.unlock();
		EventLoopSends sends = this.eventLoops;
		if (sends != null) {
			drainIfFree(sends);
		}
	}

	final void drainIfFree(EventLoopSends sends) {
		while (!sends.isEmpty() && !this.lock.isHeldByCurrentThread() && this.lock.tryLock()) {
			try {
				sends.drain();
			}
			finally {
				this.lock.unlock();
			}
		}
	}

	private void drain() {
		EventLoopSends sends = this.eventLoops;
		if (sends != null) {
			sends.drain();
		}
	}

	final @Nullable End end() {
		return this.end;
	}

	final boolean isClosed() {
		return this.closed;
	}

	/** How long senders have waited for the transport, all together and until now. */
	final long blockedNanos() {
		SendWait wait = this.waiting;
		return (wait != null) ? wait.total(System.nanoTime()) : this.blockedNanos;
	}

}
