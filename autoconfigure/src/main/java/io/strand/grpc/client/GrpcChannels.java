package io.strand.grpc.client;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Executor;
import java.util.function.Supplier;

import io.grpc.Channel;
import io.grpc.ClientInterceptor;
import io.grpc.ManagedChannel;
import io.grpc.NameResolverProvider;
import org.jspecify.annotations.Nullable;

/**
 * The channels of an application, one for each name under {@code strand.client.channels},
 * and those it makes while it runs. All are closed with the context: calls in flight are
 * waited for up to the channel's grace period, then cancelled; later calls fail as
 * UNAVAILABLE. This class is thread-safe.
 */
public final class GrpcChannels implements AutoCloseable {

	/** The name of the channel whose settings the others inherit. */
	public static final String DEFAULT = "default";

	/** What the names of a channel's properties begin with, before its name. */
	static final String PREFIX = "strand.client.channels.";

	/** The channel to this application's own server, where none is configured for it. */
	public static final String SELF = "self";

	private volatile Map<String, ChannelSettings> settings;

	private final NamedChannels named;

	private final RunTimeChannels madeAtRunTime;

	private final ChannelActivities activities = new ChannelActivities();

	private final ChannelInheritance inheritance;

	private final ChannelFactory factory;

	private final ChannelSelector selector;

	private volatile boolean closed;

	/**
	 * Makes no channel yet.
	 * @param configured the settings by name; all inherit from {@value #DEFAULT}
	 * @param interceptors the global interceptors, outermost first; asked for by the
	 * first call
	 * @param customizers the customizers in order; asked for by the first call
	 * @param ownServer where {@code self:} leads to
	 * @param callbacks what runs the callbacks of asynchronous calls, each on a thread
	 * that may block; {@code null} for gRPC's own pool
	 */
	public GrpcChannels(Map<String, ChannelSettings> configured, Supplier<List<ClientInterceptor>> interceptors,
			Supplier<List<GrpcChannelCustomizer>> customizers, OwnServer ownServer, @Nullable Executor callbacks) {
		this(configured, interceptors, customizers, ownServer, callbacks, List.of());
	}

	/**
	 * Makes no channel yet.
	 * @param configured the settings by name; all inherit from {@value #DEFAULT}
	 * @param interceptors the global interceptors, outermost first; asked for by the
	 * first call
	 * @param customizers the customizers in order; asked for by the first call
	 * @param ownServer where {@code self:} leads to
	 * @param callbacks what runs the callbacks of asynchronous calls, each on a thread
	 * that may block; {@code null} for gRPC's own pool
	 * @param nameResolvers resolvers of schemes that only these channels know
	 */
	public GrpcChannels(Map<String, ChannelSettings> configured, Supplier<List<ClientInterceptor>> interceptors,
			Supplier<List<GrpcChannelCustomizer>> customizers, OwnServer ownServer, @Nullable Executor callbacks,
			List<NameResolverProvider> nameResolvers) {
		this(configured, interceptors, customizers, ownServer, callbacks, nameResolvers, List.of());
	}

	/**
	 * Makes no channel yet.
	 * @param configured the settings by name; all inherit from {@value #DEFAULT}
	 * @param interceptors the global interceptors, outermost first; asked for by the
	 * first call
	 * @param customizers the customizers in order; asked for by the first call
	 * @param ownServer where {@code self:} leads to
	 * @param callbacks what runs the callbacks of asynchronous calls, each on a thread
	 * that may block; {@code null} for gRPC's own pool
	 * @param nameResolvers resolvers of schemes that only these channels know
	 * @param targetOverrides asked in order for where to send channels that are made by
	 * {@link #create}
	 */
	public GrpcChannels(Map<String, ChannelSettings> configured, Supplier<List<ClientInterceptor>> interceptors,
			Supplier<List<GrpcChannelCustomizer>> customizers, OwnServer ownServer, @Nullable Executor callbacks,
			List<NameResolverProvider> nameResolvers, List<GrpcChannelTargetOverride> targetOverrides) {
		NameResolvers resolvers = new NameResolvers(nameResolvers);
		this.inheritance = new ChannelInheritance(resolvers);
		this.settings = this.inheritance.apply(configured);
		this.selector = new ChannelSelector(this.settings, ownServer);
		this.activities.configure(this.settings);
		this.factory = new ChannelFactory(interceptors, customizers, ownServer, callbacks, resolvers);
		this.named = new NamedChannels(this::settings, this.factory, this.activities);
		this.madeAtRunTime = new RunTimeChannels(this::defaults, this.inheritance, this.factory, this.activities,
				targetOverrides);
		ownServer.onStart(this::connectAgain);
	}

	private ChannelSettings defaults() {
		return this.settings.getOrDefault(DEFAULT, ChannelSettings.builder().build());
	}

	/**
	 * The channel of a name, the same for every caller.
	 * @param name a key of {@code strand.client.channels}
	 * @return the channel; its connection is made by the first call
	 * @throws ChannelConfigurationException if no channel has the name, or it has no
	 * target
	 */
	public Channel channel(String name) {
		return this.named.get(name);
	}

	private ChannelSettings settings(String name) {
		ChannelSettings current = this.settings.get(name);
		if (current == null) {
			throw new ChannelConfigurationException(
					"No channel is named '%s'. Configured channels: %s.".formatted(name, configuredNames()),
					"Set strand.client.channels.%s.target.".formatted(name));
		}
		if (current.target() == null) {
			throw new ChannelConfigurationException("The channel '%s' has no target.".formatted(name),
					"Set strand.client.channels.%s.target, or strand.client.channels.default.target.".formatted(name));
		}
		return current;
	}

	/**
	 * Connects the channels that are to be connected when the application starts, and
	 * waits for those that are to be waited for. The one to the own server, which starts
	 * later, is left out.
	 * @throws ChannelConnectException if one could not connect in time; names all that
	 * could not
	 */
	public void connect() {
		ChannelStartUp startUp = new ChannelStartUp();
		this.settings.forEach((name, own) -> {
			String target = own.target();
			if (target == null || own.connect() == ConnectMode.LAZY
					|| ChannelTarget.parse(target).kind() == ChannelTarget.Kind.SELF) {
				return;
			}
			ManagedChannel channel = this.named.get(name).make();
			if (own.connect() == ConnectMode.WAIT) {
				startUp.connectAndWait(name, target, channel, own.connectTimeout());
			}
			else {
				startUp.connect(name, target, channel);
			}
		});
		startUp.await();
	}

	/**
	 * Applies changed settings while the application runs, without breaking calls: those
	 * that have started go on as they are, on connections that are closed after the last
	 * of them; those that start from now on get new connections. Which proto services a
	 * channel is for does not change.
	 * @param configured the settings of all channels by name
	 * @param changed the names whose settings have changed; {@value #DEFAULT} for all
	 * @throws ChannelConfigurationException if they are not valid; then nothing changes
	 */
	public void update(Map<String, ChannelSettings> configured, Set<String> changed) {
		if (this.closed) {
			return; // calls in flight have their grace period
		}
		this.settings = this.inheritance.apply(configured);
		this.activities.configure(this.settings);
		this.named.renew(this.settings, (name) -> changed.contains(DEFAULT) || changed.contains(name));
		if (changed.contains(DEFAULT)) {
			this.madeAtRunTime.update();
		}
	}

	/**
	 * What the channels are doing: those with a name, also before their first call, and
	 * those made at run time that are open.
	 * @return the channels that have a target
	 */
	public List<ChannelActivity> activities() {
		return this.activities.all();
	}

	/**
	 * Asks to be told when there are other {@link #activities}: a channel to a new target
	 * was made at run time, the last one to a target was shut down, or a name was added.
	 * @param listener told by the thread that does that; does not block
	 */
	public void onActivitiesChange(Runnable listener) {
		this.activities.onChange(listener);
	}

	/**
	 * Where the channel of a name connects.
	 * @param name a key of {@code strand.client.channels}
	 * @return its target, or {@code null} if it has none
	 */
	public @Nullable String target(String name) {
		ChannelSettings current = this.settings.get(name);
		return (current != null) ? current.target() : null;
	}

	private String configuredNames() {
		List<String> names = this.settings.keySet().stream().filter((name) -> !name.equals(SELF)).sorted().toList();
		return names.isEmpty() ? "none" : String.join(", ", names);
	}

	/**
	 * Makes a channel that no property configures, such as one for a target that is known
	 * only while the application runs. It gets the global interceptors and customizers,
	 * and inherits what is not set from the channel {@value #DEFAULT}, also when that
	 * changes. It is closed with the context; who needs it no longer shuts it down
	 * before.
	 * @param target where to connect, in any form that a property may have
	 * @param settings how to connect; a target in them is not used
	 * @return a new channel
	 * @throws IllegalStateException if the context was closed
	 */
	public ManagedChannel create(String target, ChannelSettings settings) {
		if (this.closed) {
			throw closed(target);
		}
		ManagedChannel channel = this.madeAtRunTime.create(target, settings);
		if (this.closed) {
			channel.shutdownNow();
			throw closed(target);
		}
		return channel;
	}

	private static IllegalStateException closed(String target) {
		return new IllegalStateException("No channel to '%s': the application context is closed".formatted(target));
	}

	/**
	 * A channel that could not connect waits a second or more before it tries again. If
	 * that was because this application's own server did not run yet, it need not wait.
	 */
	private void connectAgain() {
		this.madeAtRunTime.connectAgain();
		this.named.connectAgain();
	}

	ChannelSelector selector() {
		return this.selector;
	}

	/**
	 * Closes all channels at the same time. Blocks until their calls have ended, at most
	 * the longest grace period and two seconds.
	 */
	@Override
	public void close() {
		this.closed = true;
		List<ClosingChannel> closing = new ArrayList<>(this.named.shutdown());
		closing.addAll(this.madeAtRunTime.closing());
		try {
			ClosingChannel.closeAll(closing);
		}
		finally {
			this.factory.close();
		}
	}

}
