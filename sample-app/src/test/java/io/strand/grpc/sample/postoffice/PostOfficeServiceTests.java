package io.strand.grpc.sample.postoffice;

import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;

import io.strand.grpc.sample.SampleTest;
import io.strand.grpc.sample.proto.Letter;
import io.strand.grpc.sample.proto.Pile;
import io.strand.grpc.sample.proto.PostOfficeGrpc;
import io.strand.grpc.sample.proto.SortedMail;
import io.strand.grpc.stream.StreamingCall;
import org.junit.jupiter.api.Test;

import org.springframework.beans.factory.annotation.Autowired;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

@SampleTest
class PostOfficeServiceTests {

	@Autowired
	private PostOfficeGrpc.PostOfficeBlockingV2Stub postOffice;

	@Autowired
	private Mailroom mailroom;

	@Test
	void sortGivesEachLetterToOneClerk() {
		SortedMail mail = sort(500);
		assertThat(mail.getPilesList()).hasSize(8);
		assertThat(mail.getPilesList()).flatExtracting(Pile::getNumbersList)
			.containsExactlyInAnyOrderElementsOf(numbers(500));
		assertThat(mail.getPilesList()).allSatisfy((pile) -> assertThat(pile.getNumbersList()).isSorted());
	}

	@Test
	void sortOfNoLetterHasEmptyPiles() {
		assertThat(sort(0).getPilesList()).hasSize(8).containsOnly(Pile.getDefaultInstance());
	}

	@Test
	void tablesAreClearedWhenTheirCallsEnd() {
		int before = this.mailroom.tablesSetUp();
		sort(10);
		try (StreamingCall<Letter, SortedMail> cancelled = call()) {
			cancelled.send(letter(0));
			await().until(() -> this.mailroom.tablesSetUp() == before + 2);
		}
		await().until(() -> this.mailroom.tablesInUse() == 0);
	}

	@Test
	void exchangeEndsWhenTheClientBringsNoMoreLetters() {
		int before = this.mailroom.takenIn();
		try (StreamingCall<Letter, Letter> call = StreamingCall
			.of(this.postOffice.withDeadlineAfter(20, TimeUnit.SECONDS).exchange())) {
			for (int i = 0; i < 50; i++) {
				Letter received = call.receive();
				assertThat(received).isNotNull();
				assertThat(received.getNumber()).isEqualTo(i);
			}
			call.send(letter(0));
			call.send(letter(1));
			call.halfClose();
			int expected = 50;
			for (Letter letter : call) {
				assertThat(letter.getNumber()).isEqualTo(expected++);
			}
			assertThat(this.mailroom.takenIn() - before).isEqualTo(2);
		}
	}

	private SortedMail sort(int letters) {
		try (StreamingCall<Letter, SortedMail> call = call()) {
			numbers(letters).forEach((number) -> call.send(letter(number)));
			call.halfClose();
			SortedMail mail = call.receive();
			assertThat(mail).isNotNull();
			assertThat(call.receive()).isNull();
			return mail;
		}
	}

	private StreamingCall<Letter, SortedMail> call() {
		return StreamingCall.of(this.postOffice.withDeadlineAfter(20, TimeUnit.SECONDS).sort());
	}

	private static List<Integer> numbers(int count) {
		return IntStream.range(0, count).boxed().toList();
	}

	private static Letter letter(int number) {
		return Letter.newBuilder().setNumber(number).build();
	}

}
