package io.strand.grpc.call;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.Iterator;
import java.util.NoSuchElementException;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicReferenceArray;

import org.jspecify.annotations.Nullable;

/**
 * The calls that live. Thread-safe without a lock: each call has a slot of a table, found
 * by a few tries from a random one on, so coming and going cost a write each, and nothing
 * that all calls share, such as a count.
 *
 * <p>
 * A table is never copied. When the newest is more than half full, one of twice its size
 * is put before it; the calls in the older ones stay there until they end.
 */
final class CallRegistry implements Iterable<HandlerCall<?, ?>> {

	static final int FIRST_SLOTS = 256;

	private static final int TRIES = 16;

	private static final VarHandle NEWEST;

	static {
		try {
			NEWEST = MethodHandles.lookup().findVarHandle(CallRegistry.class, "newest", Table.class);
		}
		catch (ReflectiveOperationException ex) {
			throw new ExceptionInInitializerError(ex);
		}
	}

	private volatile Table newest = new Table(FIRST_SLOTS, null);

	/**
	 * Gives a call a slot, which it keeps until {@link #remove}.
	 * @param call the call, which is told its slot
	 */
	void add(HandlerCall<?, ?> call) {
		Table table = this.newest;
		while (!table.tryAdd(call)) {
			NEWEST.compareAndSet(this, table, new Table(2 * table.length(), table));
			table = this.newest;
		}
	}

	/**
	 * Frees the slot of a call. Seen by whoever finds {@link #isEmpty()} after it.
	 * @param call a call that was added
	 */
	void remove(HandlerCall<?, ?> call) {
		call.table().set(call.slot(), null);
	}

	boolean isEmpty() {
		return !iterator().hasNext();
	}

	int size() {
		int size = 0;
		for (HandlerCall<?, ?> call : this) {
			size++;
		}
		return size;
	}

	/**
	 * The calls that live: each that does for the whole of the iteration, once, and maybe
	 * some of those that come or go meanwhile.
	 */
	@Override
	public Iterator<HandlerCall<?, ?>> iterator() {
		return new Calls(this.newest);
	}

	/**
	 * Slots for calls.
	 */
	static final class Table extends AtomicReferenceArray<@Nullable HandlerCall<?, ?>> {

		private final transient @Nullable Table older;

		Table(int length, @Nullable Table older) {
			super(length);
			this.older = older;
		}

		private boolean tryAdd(HandlerCall<?, ?> call) {
			int mask = length() - 1;
			int start = ThreadLocalRandom.current().nextInt();
			for (int i = start; i != start + TRIES; i++) {
				if (tryTake(i & mask, call)) {
					return true;
				}
			}
			// By chance, or because it fills up
			return isHalfFree() && tryAddAnywhere(call);
		}

		private boolean tryTake(int slot, HandlerCall<?, ?> call) {
			if (get(slot) != null) {
				return false;
			}
			call.slot(this, slot);
			return compareAndSet(slot, null, call);
		}

		private boolean isHalfFree() {
			int free = 0;
			for (int i = 0; i < length(); i++) {
				free += (get(i) == null) ? 1 : 0;
			}
			return 2 * free >= length();
		}

		private boolean tryAddAnywhere(HandlerCall<?, ?> call) {
			for (int i = 0; i < length(); i++) {
				if (tryTake(i, call)) {
					return true;
				}
			}
			return false;
		}

	}

	private static final class Calls implements Iterator<HandlerCall<?, ?>> {

		private @Nullable Table table;

		private int slot;

		private @Nullable HandlerCall<?, ?> next;

		Calls(Table newest) {
			this.table = newest;
			this.next = find();
		}

		private @Nullable HandlerCall<?, ?> find() {
			Table current = this.table;
			while (current != null) {
				while (this.slot < current.length()) {
					HandlerCall<?, ?> call = current.get(this.slot++);
					if (call != null) {
						return call;
					}
				}
				current = current.older;
				this.table = current;
				this.slot = 0;
			}
			return null;
		}

		@Override
		public boolean hasNext() {
			return this.next != null;
		}

		@Override
		public HandlerCall<?, ?> next() {
			HandlerCall<?, ?> call = this.next;
			if (call == null) {
				throw new NoSuchElementException();
			}
			this.next = find();
			return call;
		}

	}

}
