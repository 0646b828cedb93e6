package io.strand.grpc.autoconfigure.client;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.ReentrantLock;
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

import org.springframework.beans.factory.DisposableBean;
import org.springframework.beans.factory.ListableBeanFactory;

/**
 * The meters of the channels with a name, removed with the context: a registry may
 * outlive it. Thread-safe.
 */
class GrpcClientMeters implements MeterBinder, DisposableBean {

	private static final String PREFIX = "strand.client.";

	private static final double NANOS_PER_SECOND = 1e9;

	private final GrpcChannels channels;

	private final ListableBeanFactory beans;

	private final ReentrantLock lock = new ReentrantLock();

	// Guarded by the lock

	private final List<Bound> bound = new ArrayList<>();

	GrpcClientMeters(GrpcChannels channels, ListableBeanFactory beans) {
		this.channels = channels;
		this.beans = beans;
	}

	@Override
	public void bindTo(MeterRegistry registry) {
		boolean serves = this.beans.getBeanNamesForType(GrpcServer.class, true, false).length > 0;
		for (ChannelActivity activity : this.channels.activities()) {
			if (serves || !activity.channelName().equals(GrpcChannels.SELF)) {
				bind(registry, activity);
			}
		}
	}

	private void bind(MeterRegistry registry, ChannelActivity activity) {
		for (ConnectivityState state : ConnectivityState.values()) {
			add(registry,
					Gauge.builder(PREFIX + "channel.state", activity, (it) -> (it.state() == state) ? 1 : 0)
						.description("1 for the state that the channel is in, 0 for the others")
						.tag("channel", activity.channelName())
						.tag("state", state.name())
						.register(registry));
		}
		gauge(registry, activity, "calls.active", "calls", "Calls in flight", ChannelActivity::callsInFlight);
		gauge(registry, activity, "connections", "connections", "Open connections", ChannelActivity::connections);
		gauge(registry, activity, "senders.blocked", "threads", "Threads that wait for the server to read",
				ChannelActivity::blockedSenders);
		counter(registry, activity, "send.blocked", "seconds", "Time that threads have waited for the server to read",
				(it) -> it.blockedSending().toNanos() / NANOS_PER_SECOND);
		counter(registry, activity, "reconnects", "connections", "Connections made in the place of one that ended",
				ChannelActivity::reconnects);
	}

	private void gauge(MeterRegistry registry, ChannelActivity activity, String name, String unit, String description,
			ToDoubleFunction<ChannelActivity> value) {
		add(registry,
				Gauge.builder(PREFIX + name, activity, value)
					.description(description)
					.baseUnit(unit)
					.tag("channel", activity.channelName())
					.register(registry));
	}

	private void counter(MeterRegistry registry, ChannelActivity activity, String name, String unit, String description,
			ToDoubleFunction<ChannelActivity> value) {
		add(registry,
				FunctionCounter.builder(PREFIX + name, activity, value)
					.description(description)
					.baseUnit(unit)
					.tag("channel", activity.channelName())
					.register(registry));
	}

	private void add(MeterRegistry registry, Meter meter) {
		this.lock.lock();
		try {
			this.bound.add(new Bound(registry, meter));
		}
		finally {
			this.lock.unlock();
		}
	}

	@Override
	public void destroy() {
		taken().forEach((one) -> one.registry().remove(one.meter()));
	}

	private List<Bound> taken() {
		this.lock.lock();
		try {
			List<Bound> taken = List.copyOf(this.bound);
			this.bound.clear();
			return taken;
		}
		finally {
			this.lock.unlock();
		}
	}

	private record Bound(MeterRegistry registry, Meter meter) {

	}

}
