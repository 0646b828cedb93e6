package io.strand.grpc.sample.tour;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

import io.strand.grpc.sample.postoffice.Mailroom;
import io.strand.grpc.sample.proto.Letter;
import io.strand.grpc.sample.proto.PostOfficeGrpc;
import io.strand.grpc.sample.proto.SortedMail;
import io.strand.grpc.stream.StreamingCall;

import org.springframework.core.annotation.Order;
import org.springframework.stereotype.Component;

/**
 * Cancels calls whose handlers wait for a message, and looks when each handler is over
 * with all of its threads (S6, H3). Nothing else would end their wait before the call's
 * deadline.
 */
@Component
@Order(14)
class CancelledReceiversStep implements TourStep {

	private static final int CALLS = 10;

	private static final Duration DEADLINE = Duration.ofSeconds(10);

	private static final Duration PROMISED = Duration.ofMillis(100);

	private final Mailroom mailroom;

	private final PostOfficeGrpc.PostOfficeBlockingV2Stub postOffice;

	CancelledReceiversStep(Mailroom mailroom, PostOfficeGrpc.PostOfficeBlockingV2Stub postOffice) {
		this.mailroom = mailroom;
		this.postOffice = postOffice;
	}

	@Override
	public String title() {
		return "Cancelled calls that wait for a message";
	}

	@Override
	public String contract() {
		return "S6, H3";
	}

	@Override
	public Finding take() throws Exception {
		List<Duration> each = new ArrayList<>();
		for (int i = 0; i < CALLS; i++) {
			each.add(cancelOne());
		}
		Latencies times = Latencies.of(each);
		return new Finding(
				("%d clients, one after the other, sent one letter to PostOffice/Sort and then cancelled, while all"
						+ " threads of its handler waited for the next.")
					.formatted(CALLS),
				List.of(Figure.count("calls that were cancelled", times.count()),
						Figure.time("a handler and its threads were over after that, median", times.median()),
						Figure.time("the longest of them", times.percentile(100)),
						Figure.count("tables left after the calls", this.mailroom.tablesInUse())),
				"A receive that waits ends with the call, on every thread, and so do the threads and beans of the call.",
				Verdict.holdsIf(times.median().compareTo(PROMISED) <= 0 && this.mailroom.tablesInUse() == 0));
	}

	private Duration cancelOne() throws InterruptedException, TimeoutException {
		int inUse = this.mailroom.tablesInUse();
		long start;
		try (StreamingCall<Letter, SortedMail> sorting = StreamingCall
			.of(this.postOffice.withDeadlineAfter(DEADLINE.toSeconds(), TimeUnit.SECONDS).sort())) {
			sorting.send(Letter.getDefaultInstance());
			Waiting.until("the letter to be received", DEADLINE, () -> this.mailroom.tablesInUse() > inUse);
			start = System.nanoTime();
		} // cancels
		Waiting.until("the handler to end", DEADLINE, () -> this.mailroom.tablesInUse() <= inUse);
		return Duration.ofNanos(System.nanoTime() - start);
	}

}
