package io.strand.grpc.observation;

import java.util.Collection;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;

import io.micrometer.core.instrument.DistributionSummary;
import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.MeterRegistry;
import io.strand.grpc.call.LiveCall;

/**
 * What one registry has of the {@link ServerMeters}. Thread-safe.
 */
final class BoundMeters {

	private final MeterRegistry registry;

	private final Collection<Meter> meters = new ConcurrentLinkedQueue<>();

	private final Map<String, Streams> streams = new ConcurrentHashMap<>();

	BoundMeters(MeterRegistry registry) {
		this.registry = registry;
	}

	MeterRegistry registry() {
		return this.registry;
	}

	void add(Meter meter) {
		this.meters.add(meter);
	}

	void recordStream(LiveCall call) {
		// Methods that are served, so their number is known
		Streams of = this.streams.computeIfAbsent(call.method(),
				(method) -> new Streams(summary(method, "received"), summary(method, "sent")));
		of.received.record(call.received());
		of.sent.record(call.sent());
	}

	private DistributionSummary summary(String method, String direction) {
		DistributionSummary summary = DistributionSummary.builder(ServerMeters.PREFIX + "stream.messages")
			.description("Messages of a stream, recorded when it ends")
			.baseUnit("messages")
			.tag("method", method)
			.tag("direction", direction)
			.register(this.registry);
		add(summary);
		return summary;
	}

	void remove() {
		this.meters.forEach(this.registry::remove);
		this.meters.clear();
		this.streams.clear();
	}

	private record Streams(DistributionSummary received, DistributionSummary sent) {

	}

}
