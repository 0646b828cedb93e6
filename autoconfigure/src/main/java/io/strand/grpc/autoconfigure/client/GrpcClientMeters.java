package io.strand.grpc.autoconfigure.client;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.ToDoubleFunction;

import io.grpc.ConnectivityState;
import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.binder.MeterBinder;
import io.strand.grpc.client.ChannelActivity;
import io.strand.grpc.client.GrpcChannels;
import io.strand.grpc.server.GrpcServer;
import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;

import org.springframework.beans.factory.DisposableBean;
import org.springframework.beans.factory.ListableBeanFactory;

/**
 * The meters of the channels: of those with a name, and of those made at run time as long
 * as they are open. Removed with the context: a registry may outlive it. Thread-safe.
 */
class GrpcClientMeters implements MeterBinder, DisposableBean {

	private static final Log logger = LogFactory.getLog(GrpcClientMeters.class);

	private static final String PREFIX = "strand.client.";

	private static final double NANOS_PER_SECOND = 1e9;

	private final GrpcChannels channels;

	private final ListableBeanFactory beans;

	private final Set<MeterRegistry> registries = ConcurrentHashMap.newKeySet();

	/** Who finds zero registers and removes meters, until it is zero again. */
	private final AtomicInteger changes = new AtomicInteger();

	private volatile boolean destroyed;

	// Mutable state of whoever does that

	private final Map<Place, List<Meter>> bound = new HashMap<>();

	GrpcClientMeters(GrpcChannels channels, ListableBeanFactory beans) {
		this.channels = channels;
		this.beans = beans;
		channels.onActivitiesChange(this::changed);
	}

	@Override
	public void bindTo(MeterRegistry registry) {
		this.registries.add(registry);
		changed();
	}

	/**
	 * One thread at a time, so that the meters of a channel that has gone do not take
	 * those of the next one by that name with them.
	 */
	private void changed() {
		if (this.changes.getAndIncrement() > 0) {
			return;
		}
		int seen;
		do {
			seen = this.changes.get();
			update();
		}
		while (this.changes.addAndGet(-seen) > 0);
	}

	/** Runs in threads that want a channel, and have no use for an exception. */
	private void update() {
		try {
			registerAndRemove();
		}
		catch (RuntimeException ex) {
			logger.error("The meters of channels could not be brought up to date", ex);
		}
	}

	private void registerAndRemove() {
		Set<Place> wanted = this.destroyed ? Set.of() : wanted();
		List<Place> gone = this.bound.keySet().stream().filter((place) -> !wanted.contains(place)).toList();
		gone.forEach(this::remove);
		wanted.stream()
			.filter((place) -> !this.bound.containsKey(place))
			.forEach((place) -> this.bound.put(place, bind(place.registry(), place.activity())));
	}

	private Set<Place> wanted() {
		boolean serves = this.beans.getBeanNamesForType(GrpcServer.class, true, false).length > 0;
		Set<Place> wanted = new LinkedHashSet<>();
		for (ChannelActivity activity : this.channels.activities()) {
			if (serves || !activity.channelName().equals(GrpcChannels.SELF)) {
				this.registries.forEach((registry) -> wanted.add(new Place(registry, activity)));
			}
		}
		return wanted;
	}

	private void remove(Place place) {
		List<Meter> meters = this.bound.remove(place);
		if (meters != null) {
			meters.forEach(place.registry()::remove);
		}
	}

	private static List<Meter> bind(MeterRegistry registry, ChannelActivity activity) {
		List<Meter> meters = new ArrayList<>();
		for (ConnectivityState state : ConnectivityState.values()) {
			meters.add(Gauge.builder(PREFIX + "channel.state", activity, (it) -> (it.state() == state) ? 1 : 0)
				.description("1 for the state that the channel is in, 0 for the others")
				.tag("channel", activity.channelName())
				.tag("state", state.name())
				.register(registry));
		}
		meters
			.add(gauge(registry, activity, "calls.active", "calls", "Calls in flight", ChannelActivity::callsInFlight));
		meters.add(gauge(registry, activity, "connections", "connections", "Open connections",
				ChannelActivity::connections));
		meters.add(gauge(registry, activity, "senders.blocked", "threads", "Threads that wait for the server to read",
				ChannelActivity::blockedSenders));
		meters.add(counter(registry, activity, "send.blocked", "seconds",
				"Time that threads have waited for the server to read",
				(it) -> it.blockedSending().toNanos() / NANOS_PER_SECOND));
		meters.add(counter(registry, activity, "concurrent.uses", "uses",
				"Uses of a stream by two threads at once that were refused", ChannelActivity::concurrentUses));
		meters.add(counter(registry, activity, "reconnects", "connections",
				"Connections made in the place of one that ended", ChannelActivity::reconnects));
		return meters;
	}

	private static Meter gauge(MeterRegistry registry, ChannelActivity activity, String name, String unit,
			String description, ToDoubleFunction<ChannelActivity> value) {
		return Gauge.builder(PREFIX + name, activity, value)
			.description(description)
			.baseUnit(unit)
			.tag("channel", activity.channelName())
			.register(registry);
	}

	private static Meter counter(MeterRegistry registry, ChannelActivity activity, String name, String unit,
			String description, ToDoubleFunction<ChannelActivity> value) {
		return FunctionCounter.builder(PREFIX + name, activity, value)
			.description(description)
			.baseUnit(unit)
			.tag("channel", activity.channelName())
			.register(registry);
	}

	@Override
	public void destroy() {
		this.destroyed = true;
		changed();
	}

	private record Place(MeterRegistry registry, ChannelActivity activity) {

	}

}
