package io.strand.grpc.sample.tour;

import java.lang.management.ManagementFactory;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;

import io.strand.grpc.sample.concierge.MeetingPoint;
import io.strand.grpc.sample.proto.ConciergeGrpc;
import io.strand.grpc.sample.proto.GreeterGrpc;
import io.strand.grpc.sample.proto.HelloRequest;
import io.strand.grpc.sample.proto.MeetUpReply;
import io.strand.grpc.sample.proto.MeetUpRequest;

import org.springframework.core.annotation.Order;
import org.springframework.stereotype.Component;

/**
 * Blocks handlers for as long as it likes, and meanwhile measures calls that do not
 * block.
 */
@Component
@Order(4)
class BlockedHandlersStep implements TourStep {

	private static final Duration LIMIT = Duration.ofSeconds(30);

	private static final int FAST_CALLS = 1_000;

	private final MeetingPoint meetingPoint;

	private final ConciergeGrpc.ConciergeFutureStub concierge;

	private final GreeterGrpc.GreeterBlockingStub greeter;

	private final TourProperties properties;

	BlockedHandlersStep(MeetingPoint meetingPoint, ConciergeGrpc.ConciergeFutureStub concierge,
			GreeterGrpc.GreeterBlockingStub greeter, TourProperties properties) {
		this.meetingPoint = meetingPoint;
		this.concierge = concierge;
		this.greeter = greeter;
		this.properties = properties;
	}

	@Override
	public String title() {
		return "Blocked handlers beside fast ones";
	}

	@Override
	public String contract() {
		return "H2";
	}

	@Override
	public Finding take() throws Exception {
		Latencies idle = Latencies.measure(FAST_CALLS, this::callFast);
		int guests = this.properties.threads();
		int others = this.meetingPoint.waiting();
		MeetUpRequest party = MeetUps.newParty(guests + 1, LIMIT);
		List<Future<MeetUpReply>> answers = new ArrayList<>();
		for (int i = 0; i < guests; i++) {
			answers.add(meet(party));
		}
		Waiting.until(guests + " blocked handlers", LIMIT, () -> this.meetingPoint.waiting() - others >= guests);
		int platformThreads = ManagementFactory.getThreadMXBean().getThreadCount();
		Latencies busy = Latencies.measure(FAST_CALLS, this::callFast);
		int stillBlocked = this.meetingPoint.waiting() - others;
		answers.add(meet(party)); // the last guest: now all go on
		for (Future<MeetUpReply> answer : answers) {
			answer.get(LIMIT.toSeconds(), TimeUnit.SECONDS);
		}
		return new Finding(
				("%d handlers blocked until the last of their party came. Meanwhile one thread called"
						+ " Greeter/SayHello %d times, on the same connection.")
					.formatted(guests, busy.count()),
				List.of(Figure.count("handlers blocked from the first of these calls to the last", stillBlocked),
						Figure.time("median of a call while they were blocked", busy.median()),
						Figure.time("median before, when none was", idle.median()),
						Figure.time("99th percentile while they were blocked", busy.percentile(99)),
						Figure.time("99th percentile before", idle.percentile(99)),
						Figure.count("platform threads in the JVM meanwhile, the clients' included", platformThreads),
						Figure.count("blocked calls answered in the end", answers.size() - 1)),
				"A blocked handler keeps nobody else waiting: no other call uses its thread. On virtual threads"
						+ " it costs no platform thread either; below Java 21 it holds one of a bounded pool.",
				Verdict.holdsIf(stillBlocked >= guests));
	}

	private void callFast() {
		this.greeter.sayHello(HelloRequest.newBuilder().setName("tour").build());
	}

	private Future<MeetUpReply> meet(MeetUpRequest party) {
		return this.concierge.withDeadlineAfter(LIMIT.toSeconds(), TimeUnit.SECONDS).meetUp(party);
	}

}
