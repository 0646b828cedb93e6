package io.strand.grpc.sample.tour;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;

import io.strand.grpc.sample.postoffice.Mailroom;
import io.strand.grpc.sample.proto.Letter;
import io.strand.grpc.sample.proto.PostOfficeGrpc;
import io.strand.grpc.sample.proto.SortedMail;
import io.strand.grpc.stream.StreamingCall;

import org.springframework.core.annotation.Order;
import org.springframework.stereotype.Component;

/**
 * Has several threads of a handler receive from one stream, in several calls at the same
 * time, and looks who got what (S4) and whether the calls share a bean (B2).
 */
@Component
@Order(13)
class ManyReceiversStep implements TourStep {

	private static final Duration LIMIT = Duration.ofSeconds(20);

	private static final int CALLS = 4;

	private final Mailroom mailroom;

	private final PostOfficeGrpc.PostOfficeBlockingV2Stub postOffice;

	private final int letters;

	ManyReceiversStep(Mailroom mailroom, PostOfficeGrpc.PostOfficeBlockingV2Stub postOffice,
			TourProperties properties) {
		this.mailroom = mailroom;
		this.postOffice = postOffice;
		this.letters = properties.messagesPerSender();
	}

	@Override
	public String title() {
		return "Many threads receiving on one stream";
	}

	@Override
	public String contract() {
		return "S4, B2";
	}

	@Override
	public Finding take() throws Exception {
		int before = this.mailroom.tablesSetUp();
		List<SortedMail> answers = Crew.work(CALLS, this::sort).results();
		int tables = this.mailroom.tablesSetUp() - before;
		// The client has its answer before the server's last callback
		boolean cleared = Waiting.isTrueWithin(LIMIT, () -> this.mailroom.tablesInUse() == 0);
		Receipts receipts = new Receipts(this.letters);
		for (int call = 0; call < CALLS; call++) {
			receipts.add(call * this.letters, answers.get(call));
		}
		return new Finding(
				("%d clients sent %d letters each. PostOffice/Sort had as many threads as it has piles receive them, and"
						+ " lay them on a table: a bean of the call.")
					.formatted(CALLS, this.letters),
				List.of(Figure.count("letters sent", (long) CALLS * this.letters),
						Figure.count("of them received, by exactly one thread", receipts.once()),
						Figure.count("received twice, by another call or out of order", receipts.wrong()),
						Figure.count("receiving threads, of all calls", receipts.receivers()),
						Figure.count("of these received at least one letter", receipts.busy()),
						Figure.count("tables that the calls had", tables),
						Figure.count("tables left after the calls", this.mailroom.tablesInUse())),
				"Any number of threads may receive on one stream: each message goes to one of them. A bean in the"
						+ " scope of the call is the same on all of its threads, no other call's, and gone with it.",
				Verdict.holdsIf(receipts.once() == CALLS * this.letters && receipts.wrong() == 0 && tables == CALLS
						&& cleared));
	}

	private SortedMail sort(int call) {
		try (StreamingCall<Letter, SortedMail> sorting = StreamingCall
			.of(this.postOffice.withDeadlineAfter(LIMIT.toSeconds(), TimeUnit.SECONDS).sort())) {
			for (int i = 0; i < this.letters; i++) {
				sorting.send(Letter.newBuilder().setNumber(call * this.letters + i).build());
			}
			sorting.halfClose();
			SortedMail answer = sorting.receive();
			if (answer == null || sorting.receive() != null) {
				throw new IllegalStateException("PostOffice/Sort gave no answer, or two");
			}
			return answer;
		}
	}

}
