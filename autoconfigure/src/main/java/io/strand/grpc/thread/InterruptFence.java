package io.strand.grpc.thread;

import java.util.concurrent.atomic.AtomicReference;

import org.jspecify.annotations.Nullable;

/**
 * Keeps an interrupt inside the code it is meant for. A thread enters, runs the code and
 * leaves; {@link #interrupt()} reaches the thread between the two or not at all, and once
 * the thread has left, its interrupt status is clear. Thread-safe: any thread may
 * interrupt, one thread at a time is inside.
 *
 * <p>
 * States of {@link #inside}: {@code null} (nobody inside) → the thread (inside) →
 * {@link #INTERRUPTING} (somebody took the thread out to interrupt it) → {@code null}.
 * Whoever replaces the thread by a compare-and-set owns it: the interrupter, who
 * interrupts and then sets {@code null}, or the thread itself on its way out. A thread
 * that finds it was taken out waits the few instructions until the interrupt has arrived.
 */
public final class InterruptFence {

	private static final Object INTERRUPTING = new Object();

	private final AtomicReference<@Nullable Object> inside = new AtomicReference<>();

	/**
	 * Lets interrupts reach the current thread from now on.
	 */
	public void enter() {
		this.inside.set(Thread.currentThread());
	}

	/**
	 * Keeps interrupts away from the current thread from now on, and clears one that has
	 * arrived.
	 */
	public void leave() {
		Thread current = Thread.currentThread();
		if (!this.inside.compareAndSet(current, null)) {
			while (this.inside.get() == INTERRUPTING) {
				Thread.onSpinWait();
			}
		}
		Thread.interrupted();
	}

	/**
	 * Interrupts the thread that is inside, if one is.
	 */
	public void interrupt() {
		Object thread = this.inside.get();
		if (thread instanceof Thread target && this.inside.compareAndSet(thread, INTERRUPTING)) {
			target.interrupt();
			this.inside.set(null);
		}
	}

}
