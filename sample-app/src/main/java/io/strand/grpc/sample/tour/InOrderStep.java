package io.strand.grpc.sample.tour;

import java.util.List;
import java.util.concurrent.atomic.AtomicReference;

import io.grpc.stub.StreamObserver;
import io.strand.grpc.sample.proto.Heard;
import io.strand.grpc.sample.proto.Line;
import io.strand.grpc.sample.proto.TheatreGrpc;
import io.strand.grpc.sample.theatre.Blackboard;

import org.springframework.core.annotation.Order;
import org.springframework.stereotype.Component;

/**
 * Sends a stream to a handler that counts it without a lock (H5), each message after a
 * number was written where the handler reads it, as unguarded (S9).
 */
@Component
@Order(19)
class InOrderStep implements TourStep {

	private static final int LINES = 20_000;

	private final Blackboard blackboard;

	private final TheatreGrpc.TheatreStub theatre;

	InOrderStep(Blackboard blackboard, TheatreGrpc.TheatreStub theatre) {
		this.blackboard = blackboard;
		this.theatre = theatre;
	}

	@Override
	public String title() {
		return "Callbacks of a call, without a lock";
	}

	@Override
	public String contract() {
		return "H5, S9";
	}

	@Override
	public Finding take() throws Exception {
		AtomicReference<Heard> answer = new AtomicReference<>(Heard.getDefaultInstance());
		Collector<Heard> answers = new Collector<>(answer::set);
		this.blackboard.write(-1);
		StreamObserver<Line> stream = this.theatre.listen(answers);
		for (int number = 0; number < LINES; number++) {
			this.blackboard.write(number);
			stream.onNext(Line.newBuilder().setNumber(number).build());
		}
		stream.onCompleted();
		answers.awaitEnd();
		Heard heard = answer.get();
		return new Finding(
				("A client sent %d lines to Theatre/Listen, whose observer counts them in plain fields. Before each it"
						+ " wrote the line's number into a plain field too, which the handler reads in this JVM.")
					.formatted(LINES),
				List.of(Figure.count("lines that the handler counted", heard.getLines()),
						Figure.count("callbacks that began before another was over", heard.getOverlaps()),
						Figure.count("lines out of order", heard.getOutOfOrder()),
						Figure.count("lines that came before what was written before them", heard.getTooEarly())),
				"The callbacks of a call come one at a time, in order, and see what the ones before wrote. A message"
						+ " publishes what its sender wrote before, as a queue between two threads does.",
				Verdict.holdsIf(heard.getLines() == LINES && heard.getOverlaps() == 0 && heard.getOutOfOrder() == 0
						&& heard.getTooEarly() == 0));
	}

}
