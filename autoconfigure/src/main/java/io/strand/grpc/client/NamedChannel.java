package io.strand.grpc.client;

import java.time.Duration;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import java.util.function.Supplier;

import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ClientCall;
import io.grpc.ManagedChannel;
import io.grpc.MethodDescriptor;
import io.grpc.Status;
import io.strand.grpc.client.connection.LateCall;
import org.jspecify.annotations.Nullable;

/**
 * The one channel of a configured name, which all stubs of that name share. The real
 * channel is made by the first call, by one thread however many call at once: injecting a
 * stub makes no channel. Another one takes its place when its settings change
 * ({@link #renew}): calls that have started go on, those that start after it take the new
 * one, and none fails in between. This class is thread-safe.
 *
 * <p>
 * States, kept in {@link #delegate} and {@link #closed}: <i>empty</i> → <i>making</i> (a
 * task that one thread runs and the others wait for) → <i>open</i>; a failed attempt and
 * a renewal go back to empty. From each of them → <i>closed</i>. Whoever completes the
 * making looks at {@code closed} afterwards, and {@link #shutdown} sets {@code closed}
 * before it looks at the delegate, so one of the two shuts a channel down that was made
 * meanwhile.
 */
final class NamedChannel extends Channel {

	private final String name;

	private final Supplier<ManagedChannel> factory;

	/** What a call is told after the end, with a place for the name. */
	private final String end;

	private final AtomicReference<@Nullable ChannelMaking> delegate = new AtomicReference<>();

	private volatile Duration shutdownGracePeriod;

	private volatile boolean closed;

	NamedChannel(String name, Duration shutdownGracePeriod, Supplier<ManagedChannel> factory) {
		this(name, shutdownGracePeriod, factory, "Channel '%s' is closed, as is the application context it belongs to");
	}

	NamedChannel(String name, Duration shutdownGracePeriod, Supplier<ManagedChannel> factory, String end) {
		this.name = name;
		this.end = end;
		this.shutdownGracePeriod = shutdownGracePeriod;
		this.factory = factory;
	}

	@Override
	public <Q, R> ClientCall<Q, R> newCall(MethodDescriptor<Q, R> method, CallOptions options) {
		return new NamedCall<>(method, options);
	}

	/** Takes a channel for the time in which a call starts. */
	private @Nullable ChannelMaking enterUnlessClosed() {
		while (!this.closed) {
			try {
				ChannelMaking making = making();
				made(making);
				if (making.enter()) {
					return making;
				}
			}
			catch (RuntimeException ex) {
				if (!this.closed) {
					throw ex;
				}
				// It could not be made because the context was closing
			}
		}
		return null;
	}

	@Override
	public String authority() {
		return make().authority();
	}

	/** The real channel, made if it was not yet. */
	ManagedChannel make() {
		return made(making());
	}

	private ChannelMaking making() {
		ChannelMaking making = this.delegate.get();
		if (making == null) {
			making = new ChannelMaking(this.factory);
			ChannelMaking first = this.delegate.compareAndExchange(null, making);
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
		return making;
	}

	private ManagedChannel made(ChannelMaking making) {
		if (making.isBeingMadeHere()) {
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
	 * Lets later calls make a new channel. Does not wait.
	 * @param newGracePeriod how long closing waits for the calls of the new one
	 * @param retired given the old one, if there is one, which shuts down when no call
	 * starts on it any more
	 */
	void renew(Duration newGracePeriod, Consumer<ManagedChannel> retired) {
		this.shutdownGracePeriod = newGracePeriod;
		ChannelMaking old = this.delegate.getAndSet(null);
		if (old != null) {
			// One that is being made may have seen the old settings
			old.retire(retired);
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
		ChannelMaking making = this.delegate.get();
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

	/**
	 * A call of this name, on whichever channel is the current one when it starts.
	 */
	private final class NamedCall<Q, R> extends LateCall<Q, R> {

		private final MethodDescriptor<Q, R> method;

		private final CallOptions options;

		private @Nullable ChannelMaking entered;

		NamedCall(MethodDescriptor<Q, R> method, CallOptions options) {
			this.method = method;
			this.options = options;
		}

		@Override
		protected ClientCall<Q, R> choose() {
			ChannelMaking making = enterUnlessClosed();
			if (making == null) {
				return new RefusedCall<>(Status.UNAVAILABLE.withDescription("%s; %s was not called".formatted(
						NamedChannel.this.end.formatted(NamedChannel.this.name), this.method.getFullMethodName())),
						this.options);
			}
			this.entered = making;
			try {
				return made(making).newCall(this.method, this.options);
			}
			catch (RuntimeException | Error ex) {
				making.leave();
				throw ex;
			}
		}

		@Override
		protected void afterStart(boolean failed) {
			ChannelMaking making = this.entered;
			if (making != null) {
				making.leave();
			}
		}

	}

}
