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
 *
 * @param <C> the type of the calls
 */
final class CallRegistry<C> implements Iterable<C> {

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

	private volatile Table<C> newest;

	CallRegistry() {
		this(FIRST_SLOTS);
	}

	CallRegistry(int firstSlots) {
		this.newest = new Table<>(firstSlots, null);
	}

	/**
	 * Adds a call.
	 * @param call the call
	 * @return its slot, to be freed when it ends
	 */
	Slot add(C call) {
		Table<C> table = this.newest;
		int index = table.tryAdd(call);
		while (index < 0) {
			NEWEST.compareAndSet(this, table, new Table<>(2 * table.length(), table));
			table = this.newest;
			index = table.tryAdd(call);
		}
		return new Slot(table, index);
	}

	boolean isEmpty() {
		return !iterator().hasNext();
	}

	int size() {
		int size = 0;
		for (C call : this) {
			size++;
		}
		return size;
	}

	/**
	 * The calls that live: each that does for the whole of the iteration, once, and maybe
	 * some of those that come or go meanwhile.
	 */
	@Override
	public Iterator<C> iterator() {
		return new Calls<>(this.newest);
	}

	/**
	 * The place of a call.
	 */
	static final class Slot {

		private final Table<?> table;

		private final int index;

		private Slot(Table<?> table, int index) {
			this.table = table;
			this.index = index;
		}

		/** Frees the slot, once. Who finds the registry empty after that is right. */
		void free() {
			this.table.set(this.index, null);
		}

	}

	private static final class Table<C> extends AtomicReferenceArray<@Nullable C> {

		private static final long serialVersionUID = 1L;

		private final transient @Nullable Table<C> older;

		Table(int length, @Nullable Table<C> older) {
			super(length);
			this.older = older;
		}

		/**
		 * Adds a call.
		 * @return its index, or -1 if the table is more than half full
		 */
		private int tryAdd(C call) {
			int mask = length() - 1;
			int start = ThreadLocalRandom.current().nextInt();
			for (int i = start; i != start + TRIES; i++) {
				if (get(i & mask) == null && compareAndSet(i & mask, null, call)) {
					return i & mask;
				}
			}
			// By chance, or because it fills up
			return isHalfFree() ? tryAddAnywhere(call) : -1;
		}

		private boolean isHalfFree() {
			int free = 0;
			for (int i = 0; i < length(); i++) {
				free += (get(i) == null) ? 1 : 0;
			}
			return 2 * free >= length();
		}

		private int tryAddAnywhere(C call) {
			for (int i = 0; i < length(); i++) {
				if (compareAndSet(i, null, call)) {
					return i;
				}
			}
			return -1;
		}

	}

	private static final class Calls<C> implements Iterator<C> {

		private @Nullable Table<C> table;

		private int index;

		private @Nullable C next;

		Calls(Table<C> newest) {
			this.table = newest;
			this.next = find();
		}

		private @Nullable C find() {
			Table<C> current = this.table;
			while (current != null) {
				while (this.index < current.length()) {
					C call = current.get(this.index++);
					if (call != null) {
						return call;
					}
				}
				current = current.older;
				this.table = current;
				this.index = 0;
			}
			return null;
		}

		@Override
		public boolean hasNext() {
			return this.next != null;
		}

		@Override
		public C next() {
			C call = this.next;
			if (call == null) {
				throw new NoSuchElementException();
			}
			this.next = find();
			return call;
		}

	}

}
