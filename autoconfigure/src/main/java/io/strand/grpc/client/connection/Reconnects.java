package io.strand.grpc.client.connection;

import java.time.Duration;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;

import io.grpc.Attributes;
import io.grpc.ClientTransportFilter;
import io.grpc.ManagedChannel;
import io.grpc.ManagedChannelBuilder;
import org.jspecify.annotations.Nullable;

/**
 * Has channels that lost a connection, or could not make one, try again soon. gRPC itself
 * doubles its waits, up to two minutes: after a long outage it would find a server that
 * is back only that much later. Thread-safe; one thread, that ends when there is nothing
 * to do, serves all channels.
 *
 * <p>
 * gRPC tells a channel's filters of each transport that has ended, also of one that never
 * was ready. That is the moment from which the wait counts, so the address that fails is
 * tried once in each, and nothing at all happens while all connections stand. It goes for
 * each address on its own: one that is down is also tried while others are ready.
 */
public final class Reconnects implements AutoCloseable {

	/**
	 * Channels do not wait equally long, lest all clients of a server come back to it at
	 * the same moment.
	 */
	private static final double SHORTEST = 0.7;

	private final ScheduledThreadPoolExecutor timer;

	/**
	 * Starts no thread yet.
	 */
	public Reconnects() {
		this.timer = new ScheduledThreadPoolExecutor(1, (task) -> {
			Thread thread = new Thread(task, "strand-client-reconnect");
			thread.setDaemon(true);
			return thread;
		}, new ThreadPoolExecutor.DiscardPolicy()); // channels outlive the timer a little
		this.timer.setKeepAliveTime(10, TimeUnit.SECONDS);
		this.timer.allowCoreThreadTimeOut(true);
	}

	/**
	 * Builds a channel.
	 * @param builder the builder, which is not to be used any more
	 * @param longestWait how long the channel waits at most until it connects again; zero
	 * to leave it to gRPC
	 * @return the channel
	 */
	public ManagedChannel build(ManagedChannelBuilder<?> builder, Duration longestWait) {
		if (longestWait.isZero()) {
			return builder.build();
		}
		EndedTransports transports = new EndedTransports(longestWait.toNanos());
		ManagedChannel channel = builder.addTransportFilter(transports).build();
		transports.channel = channel;
		return channel;
	}

	/**
	 * From here on channels wait as long as gRPC does.
	 */
	@Override
	public void close() {
		this.timer.shutdownNow();
	}

	private final class EndedTransports extends ClientTransportFilter {

		private final long longestWait;

		private final AtomicBoolean waiting = new AtomicBoolean();

		/** Set before the first call, and so before the first transport. */
		private volatile @Nullable ManagedChannel channel;

		EndedTransports(long longestWait) {
			this.longestWait = longestWait;
		}

		@Override
		@SuppressWarnings("FutureReturnValueIgnored") // nobody cancels it
		public void transportTerminated(Attributes attributes) {
			ManagedChannel ended = this.channel;
			if (ended == null || ended.isShutdown() || !this.waiting.compareAndSet(false, true)) {
				return;
			}
			long wait = (long) (this.longestWait * ThreadLocalRandom.current().nextDouble(SHORTEST, 1));
			Reconnects.this.timer.schedule(() -> {
				// Before it connects: what ends from now on needs a wait of its own
				this.waiting.set(false);
				ended.resetConnectBackoff();
			}, wait, TimeUnit.NANOSECONDS);
		}

	}

}
