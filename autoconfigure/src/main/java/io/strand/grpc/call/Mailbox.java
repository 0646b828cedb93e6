package io.strand.grpc.call;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;

import io.grpc.ServerCall;
import org.jspecify.annotations.Nullable;

/**
 * What has come for a call and was not handled: receives the events of its stream on the
 * transport thread, where it never blocks, and keeps them for the call's thread.
 *
 * <p>
 * The transport thread is the only producer, the call's thread the only consumer.
 * Messages are in the {@link Inbox}; all other events are bits of {@link #events}, set
 * after the message that came before them and read before the inbox is found empty, so a
 * half-close never overtakes a message. Readiness and cancellation go past the mailbox as
 * well: they wake a sender that waits in the handler, and interrupt.
 */
final class Mailbox<Q> extends ServerCall.Listener<Q> {

	static final int HALF_CLOSED = 1;

	static final int READY = 2;

	static final int CANCELLED = 4;

	static final int COMPLETED = 8;

	/** The server ends the call itself, so its completion is no success. */
	static final int ABORTED = 16;

	private static final VarHandle EVENTS;

	static {
		try {
			EVENTS = MethodHandles.lookup().findVarHandle(Mailbox.class, "events", int.class);
		}
		catch (ReflectiveOperationException ex) {
			throw new ExceptionInInitializerError(ex);
		}
	}

	private final HandlerCall<Q, ?> call;

	private final Inbox inbox;

	private volatile int events;

	/** Confined to the call's thread. */
	private boolean halfCloseTaken;

	Mailbox(HandlerCall<Q, ?> call, boolean forOneMessage) {
		this.call = call;
		this.inbox = forOneMessage ? new SingleInbox() : new StreamInbox();
	}

	// On the transport thread

	@Override
	public void onMessage(Q message) {
		this.inbox.add(message);
		if (this.call.phase() == CallPhase.ENDED) {
			this.inbox.discard();
			return;
		}
		askForMore();
		this.call.thread().wake();
	}

	/** Asks the transport for one more message if there is room for it. */
	void askForMore() {
		if (this.inbox.takeRoom()) {
			this.call.call().requestFromTransport(1);
		}
	}

	@Override
	public void onHalfClose() {
		signal(HALF_CLOSED);
		if (this.call.plan().clientSendsOneMessage()) {
			this.call.proceed();
		}
	}

	@Override
	public void onReady() {
		if ((this.events & READY) == 0) {
			signal(READY);
		}
		this.call.call().guard().wake();
	}

	@Override
	public void onComplete() {
		if (this.call.phase() != CallPhase.ENDED) {
			put(COMPLETED);
			this.call.completed();
		}
	}

	@Override
	public void onCancel() {
		this.call.cancel();
	}

	// From any thread

	/** Leaves word of an event. */
	void put(int event) {
		EVENTS.getAndBitwiseOr(this, event);
	}

	/** Leaves word of an event, and has the call's thread look at once. */
	void signal(int event) {
		put(event);
		this.call.thread().wake();
	}

	boolean isCancelled() {
		return (this.events & CANCELLED) != 0;
	}

	/** The transport has nothing more to do for the call. */
	boolean isStreamOver() {
		return (this.events & (CANCELLED | COMPLETED)) != 0;
	}

	/** The handler asks for messages. */
	void request(int count) {
		if (count < 1) {
			throw new IllegalArgumentException("A handler must ask for at least 1 message, not " + count);
		}
		this.inbox.addCredits(count);
		this.call.thread().wake();
	}

	/** Gives back the messages that nobody will read. */
	void discard() {
		this.inbox.discard();
	}

	// On the call's thread, or by the pump in its place

	boolean hasNews() {
		return (this.events & (READY | CANCELLED | COMPLETED)) != 0 || this.inbox.hasDeliverable() || isHalfCloseDue();
	}

	private boolean isHalfCloseDue() {
		return (this.events & HALF_CLOSED) != 0 && !this.halfCloseTaken && this.inbox.isEmpty();
	}

	int events() {
		return this.events;
	}

	/** Takes the event that the transport is ready, if it is there. */
	boolean takeReady() {
		return (this.events & READY) != 0 && ((int) EVENTS.getAndBitwiseAnd(this, ~READY) & READY) != 0;
	}

	/** Takes the half-close, if it is there and all messages before it were taken. */
	boolean takeHalfClose() {
		boolean due = isHalfCloseDue();
		this.halfCloseTaken |= due;
		return due;
	}

	boolean isHalfCloseTaken() {
		return this.halfCloseTaken;
	}

	/** Takes the next message that the handler has asked for, if it is there. */
	@Nullable Object takeMessage() {
		return this.inbox.poll();
	}

	/** Asks the transport for messages where the handler has made room. */
	void askForFreedRoom() {
		int room = this.inbox.takeFreedRoom();
		if (room > 0) {
			this.call.call().requestFromTransport(room);
		}
	}

}
