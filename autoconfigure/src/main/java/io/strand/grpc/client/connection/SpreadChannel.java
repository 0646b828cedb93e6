package io.strand.grpc.client.connection;

import java.util.Comparator;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.LongSupplier;

import io.grpc.CallOptions;
import io.grpc.ClientCall;
import io.grpc.ConnectivityState;
import io.grpc.ForwardingClientCallListener.SimpleForwardingClientCallListener;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.Status;
import org.jspecify.annotations.Nullable;

/**
 * Several connections to one target, each a channel of its own with its own event loop
 * and its own limit of concurrent streams. Thread-safe.
 *
 * <p>
 * A call takes the connection with the least calls in flight, of equal ones the first, so
 * that under little load the others come to rest (idle-timeout). Only connections that
 * are ready are chosen from while one of them has less than {@value #ENOUGH_CALLS} calls;
 * a call does not wait for another to connect, but has it connect for the next ones. One
 * that could not connect, or has tried to for more than a second, is left out until it is
 * ready again, unless none is left.
 */
public final class SpreadChannel extends ManagedChannel {

	/** The order of states by what a call can hope for. */
	public static final Comparator<ConnectivityState> BEST_FIRST = Comparator
		.comparingInt(List.of(ConnectivityState.READY, ConnectivityState.CONNECTING, ConnectivityState.IDLE,
				ConnectivityState.TRANSIENT_FAILURE, ConnectivityState.SHUTDOWN)::indexOf);

	/**
	 * Calls on a connection from which on a new call would rather wait for another one to
	 * connect: servers commonly allow 100 at a time.
	 */
	static final int ENOUGH_CALLS = 64;

	private final List<Connection> connections;

	/**
	 * Spreads calls over channels.
	 * @param channels equal channels to the same target, at least one
	 */
	public SpreadChannel(List<ManagedChannel> channels) {
		this(channels, System::nanoTime);
	}

	SpreadChannel(List<ManagedChannel> channels, LongSupplier clock) {
		this.connections = channels.stream().map((channel) -> new Connection(channel, clock)).toList();
	}

	@Override
	public <Q, R> ClientCall<Q, R> newCall(MethodDescriptor<Q, R> method, CallOptions options) {
		return new SpreadCall<>(method, options);
	}

	private Connection enter() {
		while (true) {
			Connection ready = null;
			Connection hopeful = null;
			Connection any = null;
			Connection idle = null;
			int readyCalls = 0;
			int hopefulCalls = 0;
			int anyCalls = 0;
			for (int i = 0; i < this.connections.size(); i++) {
				Connection connection = this.connections.get(i);
				int calls = connection.calls();
				if (any == null || calls < anyCalls) {
					any = connection;
					anyCalls = calls;
				}
				if (!connection.isFailing() && (hopeful == null || calls < hopefulCalls)) {
					hopeful = connection;
					hopefulCalls = calls;
				}
				if (connection.isReady() && (ready == null || calls < readyCalls)) {
					ready = connection;
					readyCalls = calls;
				}
				if (connection.isIdle() && idle == null) {
					idle = connection;
				}
			}
			Connection chosen = any;
			int calls = anyCalls;
			if (ready != null && readyCalls < ENOUGH_CALLS) {
				chosen = ready;
				calls = readyCalls;
			}
			else if (hopeful != null) {
				chosen = hopeful;
				calls = hopefulCalls;
			}
			if (chosen != null && chosen.enter(calls)) {
				if (idle != null && idle != chosen && calls > 0) {
					idle.connect();
				}
				return chosen;
			}
		}
	}

	@Override
	public ManagedChannel shutdown() {
		this.connections.forEach((connection) -> connection.channel().shutdown());
		return this;
	}

	@Override
	public ManagedChannel shutdownNow() {
		this.connections.forEach((connection) -> connection.channel().shutdownNow());
		return this;
	}

	@Override
	public boolean isShutdown() {
		return this.connections.stream().allMatch((connection) -> connection.channel().isShutdown());
	}

	@Override
	public boolean isTerminated() {
		return this.connections.stream().allMatch((connection) -> connection.channel().isTerminated());
	}

	@Override
	public boolean awaitTermination(long timeout, TimeUnit unit) throws InterruptedException {
		long end = System.nanoTime() + unit.toNanos(timeout);
		for (Connection connection : this.connections) {
			if (!connection.channel().awaitTermination(end - System.nanoTime(), TimeUnit.NANOSECONDS)) {
				return false;
			}
		}
		return true;
	}

	@Override
	public String authority() {
		return this.connections.get(0).channel().authority();
	}

	/**
	 * The best state of all: READY if one connection is.
	 */
	@Override
	public ConnectivityState getState(boolean requestConnection) {
		ConnectivityState best = ConnectivityState.SHUTDOWN;
		for (Connection connection : this.connections) {
			ConnectivityState state = connection.channel().getState(requestConnection);
			if (BEST_FIRST.compare(state, best) < 0) {
				best = state;
			}
		}
		return best;
	}

	@Override
	public void notifyWhenStateChanged(ConnectivityState source, Runnable callback) {
		if (getState(false) != source) {
			callback.run();
			return;
		}
		AtomicBoolean told = new AtomicBoolean();
		this.connections.forEach((connection) -> watch(connection.channel(), source, () -> {
			if (told.compareAndSet(false, true)) {
				callback.run();
			}
		}, told));
	}

	/** Until the best state is another one, or somebody else has told that. */
	private void watch(ManagedChannel channel, ConnectivityState source, Runnable callback, AtomicBoolean told) {
		ConnectivityState own = channel.getState(false);
		// After that: what changes from here on, this channel tells
		if (getState(false) != source) {
			callback.run();
			return;
		}
		channel.notifyWhenStateChanged(own, () -> {
			if (getState(false) != source) {
				callback.run();
			}
			else if (!told.get()) {
				watch(channel, source, callback, told);
			}
		});
	}

	@Override
	public void resetConnectBackoff() {
		this.connections.forEach((connection) -> connection.channel().resetConnectBackoff());
	}

	@Override
	public void enterIdle() {
		this.connections.forEach((connection) -> connection.channel().enterIdle());
	}

	private final class SpreadCall<Q, R> extends LateCall<Q, R> {

		private final MethodDescriptor<Q, R> method;

		private final CallOptions options;

		/** Where the call counts, as long as it does. */
		private final AtomicReference<@Nullable Connection> counted = new AtomicReference<>();

		private volatile boolean over;

		SpreadCall(MethodDescriptor<Q, R> method, CallOptions options) {
			this.method = method;
			this.options = options;
		}

		@Override
		protected ClientCall<Q, R> choose() {
			Connection chosen = enter();
			this.counted.set(chosen);
			try {
				return chosen.channel()
					.newCall(this.method,
							OpenStreams.watch(this.method, this.options, () -> enterAgain(chosen), this::leave));
			}
			catch (RuntimeException | Error ex) {
				leave();
				throw ex;
			}
		}

		@Override
		protected Listener<R> listen(Listener<R> listener) {
			return new SimpleForwardingClientCallListener<>(listener) {

				@Override
				public void onClose(Status status, @Nullable Metadata trailers) {
					end();
					super.onClose(status, trailers);
				}

			};
		}

		@Override
		protected void afterStart(boolean failed) {
			if (failed) {
				end(); // a call that did not start is not told of its end
			}
		}

		/** After an attempt that has ended. */
		private void enterAgain(Connection chosen) {
			if (!this.over && this.counted.compareAndSet(null, chosen)) {
				chosen.enter();
				if (this.over) {
					leave();
				}
			}
		}

		private void end() {
			this.over = true;
			leave();
		}

		private void leave() {
			Connection entered = this.counted.getAndSet(null);
			if (entered != null) {
				entered.leave();
			}
		}

	}

}
