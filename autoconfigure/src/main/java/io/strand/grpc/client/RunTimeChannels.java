package io.strand.grpc.client;

import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Supplier;

import io.grpc.ManagedChannel;
import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;

/**
 * The channels that an application makes while it runs. They inherit from the default
 * channel, and follow its changes. Thread-safe.
 */
final class RunTimeChannels {

	private static final Log logger = LogFactory.getLog(GrpcChannels.class);

	private final Set<Entry> entries = ConcurrentHashMap.newKeySet();

	private final Supplier<ChannelSettings> defaults;

	private final ChannelInheritance inheritance;

	private final ChannelFactory factory;

	private final ChannelActivities activities;

	private final List<GrpcChannelTargetOverride> targetOverrides;

	/**
	 * There are none yet.
	 * @param defaults the present settings of the default channel
	 * @param inheritance checks settings
	 * @param factory makes channels
	 * @param activities told of them
	 * @param targetOverrides asked in order for where to send them
	 */
	RunTimeChannels(Supplier<ChannelSettings> defaults, ChannelInheritance inheritance, ChannelFactory factory,
			ChannelActivities activities, List<GrpcChannelTargetOverride> targetOverrides) {
		this.defaults = defaults;
		this.inheritance = inheritance;
		this.factory = factory;
		this.activities = activities;
		this.targetOverrides = List.copyOf(targetOverrides);
	}

	ManagedChannel create(String target, ChannelSettings own) {
		own.methods().check(GrpcChannels.PREFIX + target, ChannelConfigurationException::new);
		ChannelTarget parsed = this.inheritance.parse("GrpcChannels.create", overridden(target));
		ChannelSettings settings = inherited(target, parsed, own);
		ChannelActivity activity = this.activities.enter(target);
		try {
			RunTimeChannel channel = new RunTimeChannel(target, settings.shutdownGracePeriod(),
					() -> this.factory.create(target, parsed, inherited(target, parsed, own), activity),
					() -> this.activities.leave(target));
			this.entries.removeIf((entry) -> entry.channel.hasNoConnection());
			this.entries.add(new Entry(target, parsed, own, channel));
			return channel;
		}
		catch (RuntimeException | Error ex) {
			this.activities.leave(target);
			throw ex;
		}
	}

	private String overridden(String target) {
		return this.targetOverrides.stream()
			.map((override) -> override.override(target, target))
			.filter(Objects::nonNull)
			.findFirst()
			.orElse(target);
	}

	private ChannelSettings inherited(String target, ChannelTarget parsed, ChannelSettings own) {
		ChannelSettings inherited = own.withTarget(target).inherit(this.defaults.get());
		this.inheritance.check(target, parsed, inherited);
		return inherited;
	}

	/** The settings of the default channel have changed. */
	void update() {
		for (Entry entry : this.entries) {
			if (!entry.channel.isShutdown()) {
				try {
					ChannelSettings settings = inherited(entry.target, entry.parsed, entry.own);
					entry.channel.renew(settings.shutdownGracePeriod());
				}
				catch (ChannelConfigurationException ex) {
					logger.error("The channel to %s, made at run time, stays as it is: with what it inherits now it"
						.formatted(entry.target) + " cannot work", ex);
				}
			}
		}
	}

	void connectAgain() {
		this.entries.forEach((entry) -> entry.channel.resetConnectBackoff());
	}

	/** All of them, to be closed. */
	List<ClosingChannel> closing() {
		return this.entries.stream()
			.map((entry) -> new ClosingChannel(entry.channel, entry.channel.gracePeriod()))
			.toList();
	}

	private record Entry(String target, ChannelTarget parsed, ChannelSettings own, RunTimeChannel channel) {

	}

}
