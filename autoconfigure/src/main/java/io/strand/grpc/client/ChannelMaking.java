package io.strand.grpc.client;

import java.util.concurrent.CancellationException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import java.util.function.Supplier;

import io.grpc.ManagedChannel;
import org.jspecify.annotations.Nullable;

/**
 * A channel that is made by one thread, and the calls that start on it at this moment: it
 * shuts down when it is retired and none does any more. {@link #starting} is their
 * number, and negative, offset by {@link #RETIRED}, once it is retired. Thread-safe.
 */
final class ChannelMaking extends FutureTask<ManagedChannel> {

	private static final int RETIRED = Integer.MIN_VALUE;

	private final AtomicInteger starting = new AtomicInteger();

	private final AtomicBoolean shutDown = new AtomicBoolean();

	private volatile @Nullable Thread maker;

	private volatile @Nullable Consumer<ManagedChannel> retirement;

	ChannelMaking(Supplier<ManagedChannel> factory) {
		super(factory::get);
	}

	@Override
	public void run() {
		this.maker = Thread.currentThread();
		super.run();
		this.maker = null;
	}

	/** Whether who asks waits for itself. */
	boolean isBeingMadeHere() {
		return !isDone() && this.maker == Thread.currentThread();
	}

	/**
	 * To be called before a call starts on it.
	 * @return whether it may; then {@link #leave} is to be called when it has
	 */
	boolean enter() {
		int current = this.starting.get();
		while (current >= 0) {
			if (this.starting.compareAndSet(current, current + 1)) {
				return true;
			}
			current = this.starting.get();
		}
		return false;
	}

	/** To be called once for each {@link #enter}. */
	void leave() {
		if (this.starting.decrementAndGet() == RETIRED) {
			shutDown();
		}
	}

	/**
	 * Lets no further calls start on it. Does not wait.
	 * @param retired given the channel, if it can be made, before it shuts down
	 */
	void retire(Consumer<ManagedChannel> retired) {
		this.retirement = retired;
		// Those that wait for it to be made find it retired, and make another one
		if (this.starting.addAndGet(RETIRED) == RETIRED) {
			shutDown();
		}
	}

	/** When nobody starts a call on it any more; it may still be being made. */
	private void shutDown() {
		if (isDone() && this.shutDown.compareAndSet(false, true)) {
			Consumer<ManagedChannel> told = this.retirement;
			try {
				ManagedChannel channel = get();
				if (told != null) {
					told.accept(channel);
				}
				channel.shutdown();
			}
			catch (ExecutionException | InterruptedException | CancellationException ex) {
				// It could not be made, which those who asked for it were told
			}
		}
	}

	@Override
	protected void done() {
		if (this.starting.get() == RETIRED) {
			shutDown();
		}
	}

}
