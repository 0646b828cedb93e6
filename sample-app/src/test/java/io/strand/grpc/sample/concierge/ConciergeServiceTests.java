package io.strand.grpc.sample.concierge;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;

import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.strand.grpc.sample.SampleTest;
import io.strand.grpc.sample.proto.BrochurePage;
import io.strand.grpc.sample.proto.BrochureRequest;
import io.strand.grpc.sample.proto.ConciergeGrpc;
import io.strand.grpc.sample.proto.Feature;
import io.strand.grpc.sample.proto.MeetUpReply;
import io.strand.grpc.sample.proto.MeetUpRequest;
import io.strand.grpc.sample.proto.Point;
import io.strand.grpc.sample.proto.Rectangle;
import io.strand.grpc.sample.proto.SongLine;
import io.strand.grpc.sample.proto.SongRequest;
import io.strand.grpc.sample.proto.VisitPlan;
import io.strand.grpc.sample.proto.VisitRequest;
import org.junit.jupiter.api.Test;

import org.springframework.beans.factory.annotation.Autowired;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

@SampleTest
class ConciergeServiceTests {

	@Autowired
	private ConciergeGrpc.ConciergeBlockingStub concierge;

	@Autowired
	private ConciergeGrpc.ConciergeFutureStub futures;

	@Test
	void planVisitCombinesTheAnswersOfThreeServices() {
		VisitPlan plan = this.concierge.planVisit(VisitRequest.newBuilder()
			.setVisitor("Ada")
			.setArea(Rectangle.newBuilder()
				.setLo(Point.newBuilder().setLatitude(500_000_000).setLongitude(130_000_000))
				.setHi(Point.newBuilder().setLatitude(530_000_000).setLongitude(145_000_000)))
			.build());
		assertThat(plan.getGreeting()).isEqualTo("Hello Ada");
		assertThat(plan.getStopsList()).extracting(Feature::getName).containsExactly("Berlin", "Prague");
		assertThat(plan.getWalk().getFeatureCount()).isEqualTo(2);
		assertThat(plan.getWalk().getDistance()).isBetween(279_000, 282_000);
		assertThat(plan.getConfirmation()).isEqualTo("2 stops, 281 km");
	}

	@Test
	void planVisitOfAnEmptyAreaHasNoStops() {
		VisitPlan plan = this.concierge.planVisit(VisitRequest.getDefaultInstance());
		assertThat(plan.getStopsList()).isEmpty();
		assertThat(plan.getConfirmation()).isEqualTo("0 stops, 0 km");
	}

	@Test
	void meetUpAnswersTheWholeParty() throws Exception {
		List<Future<MeetUpReply>> guests = new ArrayList<>();
		for (int i = 0; i < 3; i++) {
			guests.add(this.futures.meetUp(party("three", 3, 20_000)));
		}
		List<Integer> arrivals = new ArrayList<>();
		for (Future<MeetUpReply> guest : guests) {
			arrivals.add(guest.get(20, TimeUnit.SECONDS).getArrival());
		}
		assertThat(arrivals).containsExactlyInAnyOrder(1, 2, 3);
	}

	@Test
	void meetUpRunsOnAVirtualThreadWhereThereAreSome() {
		String expected = (Runtime.version().feature() >= 21) ? "virtual" : "platform";
		assertThat(this.concierge.meetUp(party("alone", 1, 0)).getThreadKind()).isEqualTo(expected);
	}

	@Test
	void whenNobodyElseComesThenMeetUpGivesUp() {
		assertRefused(Status.Code.DEADLINE_EXCEEDED, () -> this.concierge.meetUp(party("lonely", 2, 10)));
	}

	@Test
	void meetUpRefusesAnEmptyParty() {
		assertRefused(Status.Code.INVALID_ARGUMENT, () -> this.concierge.meetUp(party("nobody", 0, 10)));
	}

	@Test
	void readBrochureSendsEveryPage() {
		List<BrochurePage> pages = new ArrayList<>();
		this.concierge.readBrochure(BrochureRequest.newBuilder().setPages(20).setPageBytes(1000).build())
			.forEachRemaining(pages::add);
		assertThat(pages).hasSize(20).allSatisfy((page) -> assertThat(page.getContent().size()).isEqualTo(1000));
		assertThat(pages).extracting(BrochurePage::getNumber).startsWith(1, 2, 3).endsWith(20);
	}

	@Test
	void readBrochureRefusesAnEndlessOne() {
		assertRefused(Status.Code.INVALID_ARGUMENT,
				() -> this.concierge.readBrochure(BrochureRequest.newBuilder().setPages(1_000_000).build()).hasNext());
	}

	@Test
	void singSendsEveryLineOfEveryVoiceInItsOrder() {
		List<SongLine> lines = new ArrayList<>();
		this.concierge.sing(SongRequest.newBuilder().setVoices(8).setLinesPerVoice(500).build())
			.forEachRemaining(lines::add);
		assertThat(lines).hasSize(8 * 500);
		for (int voice = 0; voice < 8; voice++) {
			int of = voice;
			assertThat(lines).filteredOn((line) -> line.getVoice() == of)
				.extracting(SongLine::getNumber)
				.containsExactlyElementsOf(IntStream.range(0, 500).boxed().toList());
		}
	}

	@Test
	void singRefusesAChoirWithoutVoices() {
		assertRefused(Status.Code.INVALID_ARGUMENT,
				() -> this.concierge.sing(SongRequest.getDefaultInstance()).hasNext());
	}

	private static void assertRefused(Status.Code code, Runnable call) {
		assertThatExceptionOfType(StatusRuntimeException.class).isThrownBy(call::run)
			.satisfies((ex) -> assertThat(ex.getStatus().getCode()).isEqualTo(code));
	}

	private static MeetUpRequest party(String name, int size, int patienceMillis) {
		return MeetUpRequest.newBuilder().setParty(name).setSize(size).setPatienceMillis(patienceMillis).build();
	}

}
