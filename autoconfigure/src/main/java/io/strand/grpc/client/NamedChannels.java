package io.strand.grpc.client;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;
import java.util.function.Predicate;

import io.grpc.ManagedChannel;

/**
 * The channels that have a name, one for each, made when it is asked for, and those whose
 * place others have taken until their last calls have ended. Thread-safe.
 */
final class NamedChannels {

	private final Map<String, NamedChannel> named = new ConcurrentHashMap<>();

	/** Those whose place others have taken. */
	private final Set<ClosingChannel> retired = ConcurrentHashMap.newKeySet();

	private final Function<String, ChannelSettings> settings;

	private final ChannelFactory factory;

	private final ChannelActivities activities;

	private volatile boolean closed;

	/**
	 * There are none yet.
	 * @param settings the present settings of a name, with a target; throws if it has
	 * none
	 * @param factory makes channels
	 * @param activities told of them
	 */
	NamedChannels(Function<String, ChannelSettings> settings, ChannelFactory factory, ChannelActivities activities) {
		this.settings = settings;
		this.factory = factory;
		this.activities = activities;
	}

	NamedChannel get(String name) {
		NamedChannel channel = this.named.get(name);
		if (channel == null) {
			NamedChannel candidate = newChannel(name);
			NamedChannel first = this.named.putIfAbsent(name, candidate);
			channel = (first != null) ? first : candidate;
			if (this.closed) {
				channel.shutdown();
			}
		}
		return channel;
	}

	private NamedChannel newChannel(String name) {
		return new NamedChannel(name, this.settings.apply(name).shutdownGracePeriod(), () -> make(name));
	}

	private ManagedChannel make(String name) {
		ChannelSettings current = this.settings.apply(name);
		return this.factory.create(name, ChannelTarget.parse(Objects.requireNonNull(current.target())), current,
				this.activities.of(name));
	}

	/**
	 * Lets the next calls of some names make other channels, with their present settings.
	 * @param current the settings by name
	 * @param changed says of which names they are others than before
	 */
	void renew(Map<String, ChannelSettings> current, Predicate<String> changed) {
		this.named.forEach((name, channel) -> {
			ChannelSettings own = current.get(name);
			if (own != null && own.target() != null && changed.test(name)) {
				channel.renew(own.shutdownGracePeriod(), (old) -> retired(old, own.shutdownGracePeriod()));
			}
		});
	}

	/** One whose last calls may outlive the context. */
	private void retired(ManagedChannel old, Duration gracePeriod) {
		this.retired.removeIf(ClosingChannel::isOver);
		this.retired.add(new ClosingChannel(old, gracePeriod));
		if (this.closed) {
			old.shutdownNow();
		}
	}

	void connectAgain() {
		for (NamedChannel channel : this.named.values()) {
			ManagedChannel made = channel.getIfMade();
			if (made != null) {
				made.resetConnectBackoff();
			}
		}
	}

	/**
	 * From here on no call starts. Does not wait.
	 * @return all of them, to be closed
	 */
	List<ClosingChannel> shutdown() {
		this.closed = true;
		List<ClosingChannel> closing = new ArrayList<>();
		for (NamedChannel channel : this.named.values()) {
			channel.shutdown();
			ManagedChannel made = channel.getIfMade();
			if (made != null) {
				closing.add(new ClosingChannel(made, channel.shutdownGracePeriod()));
			}
		}
		// After the named ones: one that was just replaced is here by now
		closing.addAll(this.retired);
		return closing;
	}

}
