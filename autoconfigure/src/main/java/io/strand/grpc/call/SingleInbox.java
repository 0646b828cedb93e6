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

	static {
		try {
			MethodHandles.Lookup lookup = MethodHandles.lookup();
			FIRST = lookup.findVarHandle(SingleInbox.class, "first", Object.class);
			SECOND = lookup.findVarHandle(SingleInbox.class, "second", Object.class);
		}
		catch (ReflectiveOperationException ex) {
			throw new ExceptionInInitializerError(ex);
		}
	}

	private volatile @Nullable Object first;

	private volatile @Nullable Object second;

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
	@Nullable Object poll() {
		return remove();
	}

	@Override
	void addCredits(int count) {
	}

	@Override
	boolean hasDeliverable() {
		return !isEmpty();
	}

	@Override
	boolean isEmpty() {
		return this.first == null && this.second == null;
	}

	@Override
	@Nullable Object remove() {
		Object message = (this.first != null) ? FIRST.getAndSet(this, null) : null;
		return (message != null || this.second == null) ? message : SECOND.getAndSet(this, null);
	}

}
