package io.strand.grpc.sample.tour;

import java.util.List;

import io.strand.grpc.sample.proto.Line;
import io.strand.grpc.sample.proto.TheatreGrpc;
import io.strand.grpc.sample.theatre.Prompter;

import org.springframework.core.annotation.Order;
import org.springframework.stereotype.Component;

/**
 * Calls handlers that return without an answer, and give it from another thread (H6).
 */
@Component
@Order(20)
class LaterAnswersStep implements TourStep {

	private final Prompter prompter;

	private final TheatreGrpc.TheatreBlockingStub theatre;

	private final int callers;

	LaterAnswersStep(Prompter prompter, TheatreGrpc.TheatreBlockingStub theatre, TourProperties properties) {
		this.prompter = prompter;
		this.theatre = theatre;
		this.callers = properties.threads();
	}

	@Override
	public String title() {
		return "Answers from other threads, later";
	}

	@Override
	public String contract() {
		return "H6";
	}

	@Override
	public Finding take() throws Exception {
		int before = this.prompter.answered();
		List<Integer> answers = Crew
			.work(this.callers,
					(number) -> this.theatre.prompt(Line.newBuilder().setNumber(number).build()).getNumber())
			.results();
		int later = this.prompter.answered() - before;
		int own = 0;
		for (int number = 0; number < this.callers; number++) {
			own += (answers.get(number) == number) ? 1 : 0;
		}
		return new Finding(
				("%d threads called Theatre/Prompt at the same moment. Its handlers handed the question to one other"
						+ " thread and returned; that thread answered each call after its handler had returned.")
					.formatted(this.callers),
				List.of(Figure.count("calls whose handler returned without an answer", later),
						Figure.count("calls answered", answers.size()),
						Figure.count("of them with their own answer", own)),
				"A handler may return and answer later, from any thread: a call is over when it is answered.",
				Verdict.holdsIf(later == this.callers && own == this.callers));
	}

}
