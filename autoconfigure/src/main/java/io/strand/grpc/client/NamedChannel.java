package io.strand.grpc.client;

import java.time.Duration;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Supplier;

import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ClientCall;
import io.grpc.ManagedChannel;
import io.grpc.MethodDescriptor;
import io.grpc.Status;
import org.jspecify.annotations.Nullable;

/**
 * The one channel of a configured name, which all stubs of that name share. The real
 * channel is made by the first call, by one thread however many call at once: injecting a
 * stub makes no channel. This class is thread-safe.
 *
 * <p>
 * States, kept in {@link #delegate} and {@link #closed}: <i>empty</i> → <i>making</i> (a
 * task that one thread runs and the others wait for) → <i>open</i>; a failed attempt goes
 * back to empty. From each of them → <i>closed</i>. Whoever completes the making looks at
 * {@code closed} afterwards, and {@link #shutdown} sets {@code closed} before it looks at
 * the delegate, so one of the two shuts a channel down that was made meanwhile.
 */
final class NamedChannel extends Channel {

	private final String name;

	private final Duration shutdownGracePeriod;

	private final Supplier<ManagedChannel> factory;

	private final AtomicReference<@Nullable Making> delegate = new AtomicReference<>();

	private volatile boolean closed;

	NamedChannel(String name, Duration shutdownGracePeriod, Supplier<ManagedChannel> factory) {
		this.name = name;
		this.shutdownGracePeriod = shutdownGracePeriod;
		this.factory = factory;
	}

	@Override
	public <Q, R> ClientCall<Q, R> newCall(MethodDescriptor<Q, R> method, CallOptions options) {
		ManagedChannel channel = getUnlessClosed();
		if (channel != null) {
			return channel.newCall(method, options);
		}
		return new RefusedCall<>(Status.UNAVAILABLE
			.withDescription("Channel '%s' is closed, as is the application context it belongs to; %s was not called"
				.formatted(this.name, method.getFullMethodName())), options);
	}

	private @Nullable ManagedChannel getUnlessClosed() {
		if (this.closed) {
			return null;
		}
		try {
			return delegate();
		}
		catch (RuntimeException ex) {
			if (this.closed) {
				return null; // it could not be made because the context was closing
			}
			throw ex;
		}
	}

	@Override
	public String authority() {
		return delegate().authority();
	}

	private ManagedChannel delegate() {
		Making making = this.delegate.get();
		if (making == null) {
			making = new Making(this.factory);
			Making first = this.delegate.compareAndExchange(null, making);
			if (first == null) {
				making.run();
				if (this.closed) {
					shutdown();
				}
			}
			else {
				making = first;
			}
		}
		return made(making);
	}

	private ManagedChannel made(Making making) {
		if (!making.isDone() && making.maker == Thread.currentThread()) {
			throw new IllegalStateException(
					"Channel '%s' is called while it is being made, by its own customizer or interceptor"
						.formatted(this.name));
		}
		try {
			return making.get();
		}
		catch (InterruptedException ex) {
			Thread.currentThread().interrupt();
			throw Status.CANCELLED.withDescription("Interrupted while channel '%s' was being made".formatted(this.name))
				.withCause(ex)
				.asRuntimeException();
		}
		catch (ExecutionException | CancellationException ex) {
			this.delegate.compareAndSet(making, null);
			throw new IllegalStateException("Channel '%s' cannot be made".formatted(this.name), ex.getCause());
		}
	}

	/**
	 * Takes no new calls. Does not wait.
	 */
	void shutdown() {
		this.closed = true;
		ManagedChannel channel = getIfMade();
		if (channel != null) {
			channel.shutdown();
		}
	}

	/**
	 * The real channel, unless no call was made yet.
	 * @return the channel or {@code null}
	 */
	@Nullable ManagedChannel getIfMade() {
		Making making = this.delegate.get();
		try {
			return (making != null && making.isDone()) ? making.get() : null;
		}
		catch (ExecutionException | InterruptedException | CancellationException ex) {
			return null;
		}
	}

	Duration shutdownGracePeriod() {
		return this.shutdownGracePeriod;
	}

	private static final class Making extends FutureTask<ManagedChannel> {

		private volatile @Nullable Thread maker;

		Making(Supplier<ManagedChannel> factory) {
			super(factory::get);
		}

		@Override
		public void run() {
			this.maker = Thread.currentThread();
			super.run();
			this.maker = null;
		}

	}

}
