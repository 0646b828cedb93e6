package io.strand.grpc.sample.tour;

import java.time.Duration;
import java.util.List;

import io.grpc.Status;
import io.strand.grpc.sample.proto.FinishRequest;
import io.strand.grpc.sample.proto.Line;
import io.strand.grpc.sample.proto.TheatreGrpc;
import io.strand.grpc.sample.theatre.Stage;

import org.springframework.core.annotation.Order;
import org.springframework.stereotype.Component;

/**
 * Has two threads of a handler end the same stream at the same moment (S8), over and
 * over, and compares what they were told with what the client heard.
 */
@Component
@Order(17)
class RacingEndsStep implements TourStep {

	private static final Duration LIMIT = Duration.ofSeconds(10);

	private static final int CALLS = 200;

	private final Stage stage;

	private final TheatreGrpc.TheatreStub theatre;

	RacingEndsStep(Stage stage, TheatreGrpc.TheatreStub theatre) {
		this.stage = stage;
		this.theatre = theatre;
	}

	@Override
	public String title() {
		return "Two ends of one stream at the same moment";
	}

	@Override
	public String contract() {
		return "S8";
	}

	@Override
	public Finding take() throws Exception {
		this.stage.refusedEnds().clear();
		int wellBefore = this.stage.endedWell();
		int badlyBefore = this.stage.endedBadly();
		int ok = 0;
		int aborted = 0;
		for (int i = 0; i < CALLS; i++) {
			Status.Code end = end();
			ok += (end == Status.Code.OK) ? 1 : 0;
			aborted += (end == Status.Code.ABORTED) ? 1 : 0;
		}
		// Whoever lost may hear of it after the client has
		boolean allTold = Waiting.isTrueWithin(LIMIT, () -> this.stage.refusedEnds().size() >= CALLS
				&& this.stage.endedWell() - wellBefore + this.stage.endedBadly() - badlyBefore >= CALLS);
		int well = this.stage.endedWell() - wellBefore;
		int badly = this.stage.endedBadly() - badlyBefore;
		int told = this.stage.refusedEnds().size();
		long how = this.stage.refusedEnds().stream().filter((text) -> text.contains("was already")).count();
		return new Finding(
				("%d times, two threads of Theatre/Finish ended their stream at the same moment: one called"
						+ " onCompleted, the other onError with ABORTED.")
					.formatted(CALLS),
				List.of(Figure.count("times that onCompleted won", well), Figure.count("clients that heard OK", ok),
						Figure.count("times that onError won", badly),
						Figure.count("clients that heard ABORTED", aborted),
						Figure.count("losers that were told how the stream had ended", how)),
				"Exactly one end wins, the client hears that one, and the other thread is told: there is no race"
						+ " after which nobody knows.",
				Verdict.holdsIf(allTold && well == ok && badly == aborted && ok + aborted == CALLS && told == CALLS
						&& how == CALLS));
	}

	private Status.Code end() throws Exception {
		Collector<Line> lines = new Collector<>((line) -> {
		});
		this.theatre.finish(FinishRequest.getDefaultInstance(), lines);
		return lines.awaitStatus().getCode();
	}

}
