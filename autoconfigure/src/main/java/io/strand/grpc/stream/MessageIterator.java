package io.strand.grpc.stream;

import java.util.Iterator;
import java.util.NoSuchElementException;
import java.util.Objects;
import java.util.function.Supplier;

import org.jspecify.annotations.Nullable;

/**
 * The messages that are still to come. Waits for them, and is for one thread.
 */
final class MessageIterator<T> implements Iterator<T> {

	private final Supplier<@Nullable T> receive;

	private final String end;

	private @Nullable T next;

	/**
	 * Makes an iterator.
	 * @param receive gives the next message, or {@code null} when there are no more
	 * @param end why there are no more, in words
	 */
	MessageIterator(Supplier<@Nullable T> receive, String end) {
		this.receive = receive;
		this.end = end;
	}

	@Override
	public boolean hasNext() {
		if (this.next == null) {
			this.next = this.receive.get();
		}
		return this.next != null;
	}

	@Override
	public T next() {
		if (!hasNext()) {
			throw new NoSuchElementException(this.end);
		}
		T message = Objects.requireNonNull(this.next);
		this.next = null;
		return message;
	}

}
