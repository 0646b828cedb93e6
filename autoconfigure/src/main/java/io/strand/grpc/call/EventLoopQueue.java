package io.strand.grpc.call;

import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;

import org.jspecify.annotations.Nullable;

/**
 * What event loops wanted to send on one stream while another thread was sending.
 * Thread-safe: any event loop adds, whoever holds the guard of the stream takes.
 */
final class EventLoopQueue {

	private final Queue<Operation> operations = new ConcurrentLinkedQueue<>();

	private final AtomicInteger size = new AtomicInteger();

	/**
	 * Adds what needs room.
	 * @param operation the operation
	 * @param limit how many may wait
	 * @return {@code false} if as many wait already
	 */
	boolean offer(Operation operation, int limit) {
		if (this.size.incrementAndGet() > limit) {
			this.size.decrementAndGet();
			return false;
		}
		this.operations.add(operation);
		return true;
	}

	/**
	 * Adds what must not get lost, even if there is no room.
	 * @param operation the operation
	 */
	void add(Operation operation) {
		this.size.incrementAndGet();
		this.operations.add(operation);
	}

	@Nullable Operation poll() {
		Operation operation = this.operations.poll();
		if (operation != null) {
			this.size.decrementAndGet();
		}
		return operation;
	}

	boolean isEmpty() {
		return this.operations.isEmpty();
	}

	/**
	 * Something to send later, which either is sent or is withdrawn by who wanted it.
	 */
	static final class Operation {

		private final Runnable transmit;

		/** Whether it is a message, which may not be sent after the end. */
		private final boolean message;

		private final AtomicBoolean decided = new AtomicBoolean();

		Operation(Runnable transmit, boolean message) {
			this.transmit = transmit;
			this.message = message;
		}

		/**
		 * Sends it, unless it was withdrawn or is a message that comes after the end.
		 * Then it stays undecided: who wanted it sees the end and withdraws it.
		 */
		void run(boolean closed) {
			if (!(closed && this.message) && this.decided.compareAndSet(false, true)) {
				this.transmit.run();
			}
		}

		/** Takes it back, if it was not sent yet. */
		boolean withdraw() {
			return this.decided.compareAndSet(false, true);
		}

	}

}
