package io.strand.grpc.client;

import java.time.Duration;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.LongAdder;

import io.grpc.Attributes;
import io.grpc.ClientTransportFilter;
import io.grpc.ConnectivityState;
import io.strand.grpc.call.BlockedSends;
import io.strand.grpc.client.connection.SpreadChannel;

/**
 * What the channel of a name is doing, or all channels that were made at run time for one
 * target, for those who watch. Goes on counting when another channel takes the place of
 * the one it began with. Looking at it costs calls nothing. Thread-safe: each figure is
 * right at some moment while it is asked for, not all at the same one.
 */
public final class ChannelActivity {

	/** Carried by connections that were ready; others end without having counted. */
	private static final Attributes.Key<Boolean> COUNTED = Attributes.Key.create("io.strand.grpc.counted");

	private final String channelName;

	private final BlockedSends blockedSends = new BlockedSends();

	private final LongAdder concurrentUses = new LongAdder();

	private final AtomicInteger connections = new AtomicInteger();

	/** Connections that have ended and that no other has taken the place of yet. */
	private final AtomicInteger missing = new AtomicInteger();

	private final LongAdder reconnects = new LongAdder();

	private final boolean madeAtRunTime;

	/** Those that have a connection, or will, also if they take no new calls. */
	private final Set<TrackedChannel> channels = ConcurrentHashMap.newKeySet();

	ChannelActivity(String channelName, boolean madeAtRunTime) {
		this.channelName = channelName;
		this.madeAtRunTime = madeAtRunTime;
	}

	void made(TrackedChannel made) {
		this.channels.removeIf(TrackedChannel::hasNoConnection);
		this.channels.add(made);
	}

	/** What has to see the connections of the channel. */
	ClientTransportFilter transportFilter() {
		return new Connections();
	}

	/**
	 * The name of the channel.
	 * @return a key of {@code strand.client.channels}, or the target of channels that
	 * were made at run time
	 */
	public String channelName() {
		return this.channelName;
	}

	/**
	 * Whether it is of channels that no property configures.
	 * @return whether the name is a target
	 */
	public boolean isMadeAtRunTime() {
		return this.madeAtRunTime;
	}

	/**
	 * Whether the channel is connected.
	 * @return its state, of several the best; IDLE before the first call and where there
	 * is none that takes calls
	 */
	public ConnectivityState state() {
		return this.channels.stream()
			.filter((channel) -> !channel.isShutdown())
			.map((channel) -> channel.getState(false))
			.min(SpreadChannel.BEST_FIRST)
			.orElse(ConnectivityState.IDLE);
	}

	/**
	 * The calls that have started and whose last callback has not returned yet.
	 * @return their number
	 */
	public int callsInFlight() {
		return this.channels.stream().mapToInt(TrackedChannel::callsInFlight).sum();
	}

	/**
	 * The connections that are open, to all addresses of the target.
	 * @return their number
	 */
	public int connections() {
		return this.connections.get();
	}

	/**
	 * How often a connection was made in the place of one that had ended, for whatever
	 * reason, since the start.
	 * @return the number
	 */
	public long reconnects() {
		return this.reconnects.sum();
	}

	/**
	 * The threads that wait to send because the server does not read, or is not connected
	 * yet, where {@code streams.blocking-send} lets them.
	 * @return their number at this moment
	 */
	public int blockedSenders() {
		return this.blockedSends.waiting();
	}

	/**
	 * How long senders have waited, all together and since the start, those that wait
	 * still until now.
	 * @return the time
	 */
	public Duration blockedSending() {
		return this.blockedSends.total();
	}

	BlockedSends blockedSends() {
		return this.blockedSends;
	}

	/**
	 * How often a second thread was refused on a request stream because another one was
	 * sending, where {@code streams.concurrent-send} is to fail, since the start.
	 * @return the number
	 */
	public long concurrentUses() {
		return this.concurrentUses.sum();
	}

	LongAdder concurrentUseCounter() {
		return this.concurrentUses;
	}

	@Override
	public String toString() {
		return "channel '%s': %s, %d calls in flight, %d connections".formatted(this.channelName, state(),
				callsInFlight(), connections());
	}

	private final class Connections extends ClientTransportFilter {

		@Override
		public Attributes transportReady(Attributes attributes) {
			ChannelActivity.this.connections.incrementAndGet();
			if (ChannelActivity.this.missing.getAndUpdate((count) -> Math.max(count - 1, 0)) > 0) {
				ChannelActivity.this.reconnects.increment();
			}
			return attributes.toBuilder().set(COUNTED, true).build();
		}

		@Override
		public void transportTerminated(Attributes attributes) {
			if (attributes.get(COUNTED) != null) {
				ChannelActivity.this.connections.decrementAndGet();
				ChannelActivity.this.missing.incrementAndGet();
			}
		}

	}

}
