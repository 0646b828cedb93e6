package io.strand.grpc.call;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;

import org.jspecify.annotations.Nullable;

/**
 * The inbox of a call whose client sends one message. Has room for a second one, which
 * generated code wants to see in order to refuse it; the transport is asked for no more.
 */
final class SingleInbox extends Inbox {

	private static final VarHandle FIRST;

	private static final VarHandle SECOND;

	private static final VarHandle CREDITS;

	static {
		try {
			MethodHandles.Lookup lookup = MethodHandles.lookup();
			FIRST = lookup.findVarHandle(SingleInbox.class, "first", Object.class);
			SECOND = lookup.findVarHandle(SingleInbox.class, "second", Object.class);
			CREDITS = lookup.findVarHandle(SingleInbox.class, "credits", int.class);
		}
		catch (ReflectiveOperationException ex) {
			throw new ExceptionInInitializerError(ex);
		}
	}

	private volatile @Nullable Object first;

	private volatile @Nullable Object second;

	/** Messages that the handler has asked for: two are as good as more. */
	private volatile int credits;

	/** Messages that the handler was given. Confined to the call's thread. */
	private int given;

	/** Confined to the transport thread. */
	private boolean full;

	@Override
	void add(Object message) {
		if (this.full) {
			this.second = message;
		}
		else {
			this.full = true;
			this.first = message;
		}
	}

	@Override
	boolean takeRoom() {
		return false;
	}

	@Override
	int takeFreedRoom() {
		return 0;
	}

	@Override
	@Nullable Object poll() {
		Object message = (this.given < this.credits) ? remove() : null;
		if (message != null) {
			this.given++;
		}
		return message;
	}

	@Override
	void addCredits(int count) {
		int current = this.credits;
		while (current < 2) {
			int witness = (int) CREDITS.compareAndExchange(this, current, Math.min(2, current + Math.min(2, count)));
			if (witness == current) {
				return;
			}
			current = witness;
		}
	}

	@Override
	boolean hasDeliverable() {
		return this.given < this.credits && !isEmpty();
	}

	@Override
	boolean isEmpty() {
		return this.first == null && this.second == null;
	}

	@Override
	@Nullable Object remove() {
		Object message = removeFirst();
		if (message == null && this.second != null) {
			// Both may have come since the look at the first
			message = removeFirst();
			return (message != null) ? message : SECOND.getAndSet(this, null);
		}
		return message;
	}

	private @Nullable Object removeFirst() {
		return (this.first != null) ? FIRST.getAndSet(this, null) : null;
	}

}
