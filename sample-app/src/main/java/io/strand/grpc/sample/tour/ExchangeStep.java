package io.strand.grpc.sample.tour;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;

import io.strand.grpc.sample.postoffice.Mailroom;
import io.strand.grpc.sample.proto.Letter;
import io.strand.grpc.sample.proto.PostOfficeGrpc;
import io.strand.grpc.stream.StreamingCall;

import org.springframework.core.annotation.Order;
import org.springframework.stereotype.Component;

/**
 * Has a client read while it sends nothing, and then send while it reads nothing (S1). A
 * handler with one thread for both could do one of these at most.
 */
@Component
@Order(12)
class ExchangeStep implements TourStep {

	private static final Duration LIMIT = Duration.ofSeconds(10);

	/** How long a handler that sends nothing more counts as blocked. */
	private static final Duration STILL = Duration.ofMillis(100);

	private static final int READ_FIRST = 100;

	private final Mailroom mailroom;

	private final PostOfficeGrpc.PostOfficeBlockingV2Stub postOffice;

	private final int letters;

	ExchangeStep(Mailroom mailroom, PostOfficeGrpc.PostOfficeBlockingV2Stub postOffice, TourProperties properties) {
		this.mailroom = mailroom;
		this.postOffice = postOffice;
		this.letters = properties.messagesPerSender();
	}

	@Override
	public String title() {
		return "Sending and receiving at the same time";
	}

	@Override
	public String contract() {
		return "S1";
	}

	@Override
	public Finding take() throws Exception {
		Tally read = new Tally(1);
		int takenInBefore = this.mailroom.takenIn();
		int readFirst;
		int takenIn;
		int sentMeanwhile;
		try (StreamingCall<Letter, Letter> call = StreamingCall
			.of(this.postOffice.withDeadlineAfter(3 * LIMIT.toSeconds(), TimeUnit.SECONDS).exchange())) {
			read(call, READ_FIRST, read);
			readFirst = read.arrived();
			int handedOut = awaitBlockedSender();
			for (int number = 0; number < this.letters; number++) {
				call.send(Letter.newBuilder().setNumber(number).build());
			}
			Waiting.isTrueWithin(LIMIT, () -> this.mailroom.takenIn() - takenInBefore >= this.letters);
			takenIn = this.mailroom.takenIn() - takenInBefore;
			sentMeanwhile = this.mailroom.handedOut() - handedOut;
			call.halfClose();
			read(call, Integer.MAX_VALUE, read);
		}
		return new Finding(
				("PostOffice/Exchange is a plain method: one thread of it sends letters, another receives. A client read"
						+ " %d letters and sent none; then it sent %d and read none; then it read the rest.")
					.formatted(READ_FIRST, this.letters),
				List.of(Figure.count("letters read before the client had sent one", readFirst),
						Figure.count("letters taken in while the client read none", takenIn),
						Figure.count("letters that the handler, blocked, sent meanwhile", sentMeanwhile),
						Figure.count("letters read in the end", read.arrived()),
						Figure.count("of these missing or out of order", read.wrong())),
				"One thread may send while another receives, and one that is blocked does not hold up the other.",
				Verdict.holdsIf(readFirst == READ_FIRST && takenIn == this.letters && read.wrong() == 0));
	}

	private int awaitBlockedSender() throws InterruptedException {
		int before = this.mailroom.handedOut();
		while (Waiting.isTrueWithin(STILL, changedFrom(before))) {
			before = this.mailroom.handedOut();
		}
		return before;
	}

	private BooleanSupplier changedFrom(int handedOut) {
		return () -> this.mailroom.handedOut() != handedOut;
	}

	private static void read(StreamingCall<Letter, Letter> call, int most, Tally tally) {
		for (int i = 0; i < most; i++) {
			Letter letter = call.receive();
			if (letter == null) {
				return;
			}
			tally.add(0, letter.getNumber());
		}
	}

}
