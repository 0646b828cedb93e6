package io.strand.grpc.observation;

import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.IntSupplier;
import java.util.function.LongSupplier;
import java.util.function.ToDoubleFunction;

import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.binder.MeterBinder;
import io.strand.grpc.call.CallCounters;
import io.strand.grpc.call.CallEngine;
import io.strand.grpc.call.LiveCall;

/**
 * The meters of a server, removed when it is closed: a registry may outlive it. Calls pay
 * for none of them but streams, once, when they end. Thread-safe.
 */
public final class ServerMeters implements MeterBinder, AutoCloseable {

	static final String PREFIX = "strand.server.";

	private static final double NANOS_PER_SECOND = 1e9;

	private final CallEngine engine;

	private final ServerArrivals arrivals;

	private final IntSupplier connections;

	private final LongSupplier refusedConnections;

	private final List<BoundMeters> bound = new CopyOnWriteArrayList<>();

	/**
	 * Makes meters that no registry has yet.
	 * @param engine what runs the calls
	 * @param arrivals what comes to the server's addresses
	 * @param connections counts the open connections of sockets
	 * @param refusedConnections counts those that were refused
	 */
	public ServerMeters(CallEngine engine, ServerArrivals arrivals, IntSupplier connections,
			LongSupplier refusedConnections) {
		this.engine = engine;
		this.arrivals = arrivals;
		this.connections = connections;
		this.refusedConnections = refusedConnections;
	}

	@Override
	public void bindTo(MeterRegistry registry) {
		BoundMeters meters = new BoundMeters(registry);
		gauge(meters, "calls.running", "calls", "Calls that have passed the limits and not ended",
				this.engine::runningCalls);
		gauge(meters, "calls.waiting", "calls", "Calls that wait at a limit", this.engine::waitingCalls);
		gauge(meters, "connections", "connections", "Open connections, silent ones too",
				() -> this.connections.getAsInt() + this.arrivals.inProcess());
		meters.add(FunctionCounter
			.builder(PREFIX + "connections.refused", this.refusedConnections, LongSupplier::getAsLong)
			.description("Connections that were closed as soon as they were accepted because there were too many")
			.baseUnit("connections")
			.register(registry));
		gauge(meters, "senders.blocked", "threads", "Threads that wait for a client to read",
				this.engine.counters().blockedSends()::waiting);
		counter(meters, "send.blocked", "seconds", "Time that threads have waited for clients to read",
				(counters) -> counters.blockedSends().total().toNanos() / NANOS_PER_SECOND);
		counter(meters, "concurrent.uses", "uses", "Uses of a stream by two threads at once that were refused",
				CallCounters::concurrentUses);
		refused(meters, "limit", (counters) -> counters.refusedAtLimit());
		refused(meters, "no_thread", (counters) -> counters.refusedWithoutThread());
		refused(meters, "unknown_method", (counters) -> this.arrivals.unknownMethods());
		this.bound.add(meters);
		this.engine.tellStreamEnds(this::ended);
	}

	private static void gauge(BoundMeters meters, String name, String unit, String description, IntSupplier value) {
		meters.add(Gauge.builder(PREFIX + name, value::getAsInt)
			.description(description)
			.baseUnit(unit)
			.register(meters.registry()));
	}

	private void counter(BoundMeters meters, String name, String unit, String description,
			ToDoubleFunction<CallCounters> value) {
		meters.add(FunctionCounter.builder(PREFIX + name, this.engine.counters(), value)
			.description(description)
			.baseUnit(unit)
			.register(meters.registry()));
	}

	private void refused(BoundMeters meters, String reason, ToDoubleFunction<CallCounters> value) {
		meters.add(FunctionCounter.builder(PREFIX + "calls.refused", this.engine.counters(), value)
			.description("Calls that were refused before they reached an interceptor")
			.baseUnit("calls")
			.tag("reason", reason)
			.register(meters.registry()));
	}

	private void ended(LiveCall call) {
		this.bound.forEach((meters) -> meters.recordStream(call));
	}

	@Override
	public void close() {
		this.engine.tellStreamEnds(null);
		this.bound.forEach(BoundMeters::remove);
		this.bound.clear();
	}

}
