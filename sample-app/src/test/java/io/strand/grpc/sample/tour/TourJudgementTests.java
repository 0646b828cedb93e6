package io.strand.grpc.sample.tour;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeoutException;

import io.strand.grpc.sample.proto.Pile;
import io.strand.grpc.sample.proto.SortedMail;
import org.junit.jupiter.api.Test;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

/**
 * That the tour can tell bad from good.
 */
class TourJudgementTests {

	@Test
	void tallySeesWhatIsMissingTwiceOrOutOfOrder() {
		Tally tally = new Tally(2);
		tally.add(0, 0);
		tally.add(1, 0);
		tally.add(0, 1);
		assertThat(tally.wrong()).isZero();
		tally.add(0, 3); // 2 is missing
		tally.add(0, 3);
		tally.add(1, 2);
		tally.add(1, 1);
		tally.add(9, 0);
		assertThat(tally.wrong()).isEqualTo(5);
		assertThat(tally.arrived()).isEqualTo(8);
	}

	@Test
	void receiptsSeeWhatIsMissingTwiceOutOfOrderOrAnotherCalls() {
		Receipts receipts = new Receipts(3);
		receipts.add(0, sorted(List.of(0, 2), List.of(1)));
		assertThat(receipts.once()).isEqualTo(3);
		assertThat(receipts.wrong()).isZero();
		receipts.add(3, sorted(List.of(4, 3), List.of(4), List.of())); // 5 is missing
		assertThat(receipts.once()).isEqualTo(4);
		assertThat(receipts.wrong()).isEqualTo(2);
		receipts.add(6, sorted(List.of(0, 9)));
		assertThat(receipts.once()).isEqualTo(4);
		assertThat(receipts.wrong()).isEqualTo(4);
		assertThat(receipts.receivers()).isEqualTo(6);
		assertThat(receipts.busy()).isEqualTo(5);
	}

	@SafeVarargs
	private static SortedMail sorted(List<Integer>... piles) {
		SortedMail.Builder mail = SortedMail.newBuilder();
		for (List<Integer> pile : piles) {
			mail.addPiles(Pile.newBuilder().addAllNumbers(pile));
		}
		return mail.build();
	}

	@Test
	void crewReportsTheFailureOfAThread() {
		assertThatExceptionOfType(ExecutionException.class).isThrownBy(() -> Crew.work(3, (number) -> {
			if (number == 1) {
				throw new IllegalStateException("thread 1");
			}
			return number;
		})).withRootCauseInstanceOf(IllegalStateException.class);
	}

	@Test
	void crewReturnsTheResultsInOrder() throws Exception {
		assertThat(Crew.work(5, (number) -> number * 2).results()).containsExactly(0, 2, 4, 6, 8);
	}

	@Test
	void waitingSaysWhatItWaitedFor() {
		assertThatExceptionOfType(TimeoutException.class)
			.isThrownBy(() -> Waiting.until("a miracle", Duration.ofMillis(5), () -> false))
			.withMessageContaining("a miracle");
	}

	@Test
	void aStepThatFailsIsBroken() {
		Finding finding = Finding.failed(new IllegalStateException("no answer"));
		ByteArrayOutputStream printed = new ByteArrayOutputStream();
		new TourPrinter(new PrintStream(printed)).finding(finding);
		assertThat(finding.verdict()).isEqualTo(Verdict.BROKEN);
		assertThat(printed.toString()).contains("no answer").contains("BROKEN");
	}

	@Test
	void percentilesAreOfWhatWasMeasured() {
		Latencies latencies = Latencies.measure(100, () -> {
		});
		assertThat(latencies.count()).isEqualTo(100);
		assertThat(latencies.percentile(99)).isGreaterThanOrEqualTo(latencies.median());
		assertThat(latencies.percentile(0)).isLessThanOrEqualTo(latencies.median());
	}

}
