package io.strand.grpc.sample.tour;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

import io.strand.grpc.sample.proto.Line;
import io.strand.grpc.sample.proto.TheatreGrpc;

import org.springframework.core.annotation.Order;
import org.springframework.stereotype.Component;

/**
 * Blocks the callbacks of some of a client's calls, and makes others beside them (C4).
 */
@Component
@Order(21)
class BlockedCallbacksStep implements TourStep {

	private static final int BLOCKED = 20;

	private static final int OTHERS = 100;

	private static final long LIMIT_SECONDS = 60;

	private final TheatreGrpc.TheatreStub theatre;

	BlockedCallbacksStep(TheatreGrpc.TheatreStub theatre) {
		this.theatre = theatre;
	}

	@Override
	public String title() {
		return "Callbacks that block";
	}

	@Override
	public String contract() {
		return "C4";
	}

	@Override
	public Finding take() throws Exception {
		CountDownLatch release = new CountDownLatch(1);
		AtomicInteger blocked = new AtomicInteger();
		AtomicInteger own = new AtomicInteger();
		List<Collector<Line>> blockers = call(BLOCKED, (number, answer) -> {
			blocked.incrementAndGet();
			awaitRelease(release);
			blocked.decrementAndGet();
		});
		int stillBlocked;
		try {
			Waiting.until("callbacks to block", Duration.ofSeconds(LIMIT_SECONDS), () -> blocked.get() == BLOCKED);
			for (Collector<Line> other : call(OTHERS,
					(number, answer) -> own.addAndGet((answer.getNumber() == number) ? 1 : 0))) {
				other.awaitEnd();
			}
			stillBlocked = blocked.get();
		}
		finally {
			release.countDown();
		}
		for (Collector<Line> blocker : blockers) {
			blocker.awaitEnd();
		}
		return new Finding(
				("%d calls by one asynchronous stub had callbacks that blocked, all at the same time, while %d more"
						+ " calls were made by the same stub on the same connection.")
					.formatted(BLOCKED, OTHERS),
				List.of(Figure.count("other calls answered, each with its own answer", own.get()),
						Figure.count("callbacks that blocked from the first of them to the last", stillBlocked)),
				"A client's callbacks have threads of their own: one that blocks delays its own call only.",
				Verdict.holdsIf(own.get() == OTHERS && stillBlocked == BLOCKED));
	}

	private List<Collector<Line>> call(int calls, Taker taker) {
		List<Collector<Line>> collectors = new ArrayList<>();
		for (int i = 0; i < calls; i++) {
			int number = i;
			Collector<Line> collector = new Collector<>((answer) -> taker.take(number, answer));
			this.theatre.prompt(Line.newBuilder().setNumber(number).build(), collector);
			collectors.add(collector);
		}
		return collectors;
	}

	private static void awaitRelease(CountDownLatch release) {
		try {
			if (!release.await(LIMIT_SECONDS, TimeUnit.SECONDS)) {
				throw new IllegalStateException("The other calls took too long");
			}
		}
		catch (InterruptedException ex) {
			Thread.currentThread().interrupt();
		}
	}

	/** Takes the answer to the call with a number. */
	private interface Taker {

		void take(int number, Line answer);

	}

}
