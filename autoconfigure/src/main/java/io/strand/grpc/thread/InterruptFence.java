package io.strand.grpc.thread;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;

import org.jspecify.annotations.Nullable;

/**
 * Keeps an interrupt inside the code it is meant for. A thread enters, runs the code and
 * leaves; {@link #interrupt()} reaches the thread between the two or not at all, and once
 * the thread has left, its interrupt status is clear. Thread-safe: any thread may
 * interrupt, one thread at a time is inside.
 *
 * <p>
 * States of {@link #inside}: {@code null} (nobody inside) → the thread (inside) →
 * {@link #INTERRUPTING} (somebody took the thread out to interrupt it) → the thread.
 * Whoever replaces the thread by a compare-and-set owns it: the interrupter, who
 * interrupts and then puts the thread back, or the thread itself on its way out. A thread
 * that finds it was taken out waits the few instructions until the interrupt has arrived.
 */
public final class InterruptFence {

	private static final Object INTERRUPTING = new Object();

	private static final VarHandle INSIDE;

	static {
		try {
			INSIDE = MethodHandles.lookup().findVarHandle(InterruptFence.class, "inside", Object.class);
		}
		catch (ReflectiveOperationException ex) {
			throw new ExceptionInInitializerError(ex);
		}
	}

	private volatile @Nullable Object inside;

	/**
	 * Lets interrupts reach the current thread from now on.
	 */
	public void enter() {
		this.inside = Thread.currentThread();
	}

	/**
	 * Keeps interrupts away from the current thread from now on, and clears one that has
	 * arrived. May be called again after it has left.
	 */
	public void leave() {
		Thread current = Thread.currentThread();
		while (this.inside != null && !INSIDE.compareAndSet(this, current, null)) {
			Thread.onSpinWait();
		}
		Thread.interrupted();
	}

	/**
	 * Interrupts the thread that is inside, if one is.
	 */
	public void interrupt() {
		Object thread = this.inside;
		if (thread instanceof Thread target && INSIDE.compareAndSet(this, thread, INTERRUPTING)) {
			target.interrupt();
			this.inside = target;
		}
	}

}
