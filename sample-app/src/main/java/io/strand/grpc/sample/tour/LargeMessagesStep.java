package io.strand.grpc.sample.tour;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;

import io.strand.grpc.client.GrpcClient;
import io.strand.grpc.sample.proto.ConciergeGrpc;
import io.strand.grpc.sample.proto.GreeterGrpc;
import io.strand.grpc.sample.proto.HelloRequest;
import io.strand.grpc.sample.proto.MeetUpRequest;

import org.springframework.core.annotation.Order;
import org.springframework.stereotype.Component;

/**
 * Keeps 64 MB of messages on their way on one connection, and meanwhile measures small
 * calls on another (H10).
 */
@Component
@Order(22)
class LargeMessagesStep implements TourStep {

	private static final Duration LIMIT = Duration.ofSeconds(60);

	private static final int SENDERS = 16;

	private static final int MEGABYTES = 4;

	private static final int SMALL_CALLS = 500;

	private static final String DECODER = "grpc-decode-";

	private final ConciergeGrpc.ConciergeBlockingStub freight;

	private final GreeterGrpc.GreeterBlockingStub greeter;

	private final Surroundings surroundings;

	LargeMessagesStep(@GrpcClient("freight") ConciergeGrpc.ConciergeBlockingStub freight,
			GreeterGrpc.GreeterBlockingStub greeter, Surroundings surroundings) {
		this.freight = freight;
		this.greeter = greeter;
		this.surroundings = surroundings;
	}

	@Override
	public String title() {
		return "Large messages beside small calls";
	}

	@Override
	public String contract() {
		return "H10";
	}

	@Override
	public Finding take() throws Exception {
		Latencies alone = Latencies.measure(SMALL_CALLS, this::callSmall);
		AtomicInteger answered = new AtomicInteger();
		AtomicBoolean enough = new AtomicBoolean();
		ExecutorService senders = Executors.newFixedThreadPool(SENDERS);
		try {
			List<Future<?>> sending = new ArrayList<>();
			for (int i = 0; i < SENDERS; i++) {
				sending.add(senders.submit(() -> send(enough, answered)));
			}
			Waiting.until("a large message to be answered", LIMIT, () -> answered.get() > 0);
			int before = answered.get();
			Latencies beside = Latencies.measure(SMALL_CALLS, this::callSmall);
			int meanwhile = answered.get() - before;
			enough.set(true);
			for (Future<?> sender : sending) {
				sender.get(LIMIT.toSeconds(), TimeUnit.SECONDS);
			}
			return finding(alone, beside, meanwhile);
		}
		finally {
			enough.set(true);
			senders.shutdownNow();
		}
	}

	private Finding finding(Latencies alone, Latencies beside, int meanwhile) {
		long decoders = Thread.getAllStackTraces()
			.keySet()
			.stream()
			.filter((thread) -> thread.getName().startsWith(DECODER))
			.count();
		boolean virtual = this.surroundings.threadKind().equals("virtual");
		return new Finding(
				("%d threads sent messages of %d MB on a connection of their own, one after the other. Meanwhile"
						+ " Greeter/SayHello was called %d times on the connection of all others.")
					.formatted(SENDERS, MEGABYTES, beside.count()),
				List.of(Figure.count("large messages answered meanwhile", meanwhile),
						Figure.count("threads that are there to decode them", decoders),
						Figure.time("median of a small call beside them", beside.median()),
						Figure.time("median before, without them", alone.median()),
						Figure.time("99th percentile beside them", beside.percentile(99)),
						Figure.time("99th percentile before", alone.percentile(99))),
				(virtual ? "The threads that carry virtual ones never decode a large message, nor does an event loop."
						: "No event loop decodes a large message: the thread of its call does.")
						+ " What small calls still lose here is processors: clients and server share them, and 64 MB"
						+ " are copied several times.",
				Verdict.holdsIf(meanwhile > 0 && beside.count() == SMALL_CALLS && (decoders > 0 || !virtual)));
	}

	private Void send(AtomicBoolean enough, AtomicInteger answered) {
		// Just below what a server accepts
		String padding = "x".repeat(MEGABYTES * 1_000_000);
		while (!enough.get()) {
			// A party of one is complete at once
			MeetUpRequest party = MeetUps.newParty(1, Duration.ZERO);
			this.freight.withDeadlineAfter(LIMIT.toSeconds(), TimeUnit.SECONDS)
				.meetUp(party.toBuilder().setParty(party.getParty() + padding).build());
			answered.incrementAndGet();
		}
		return null;
	}

	private void callSmall() {
		this.greeter.sayHello(HelloRequest.newBuilder().setName("tour").build());
	}

}
