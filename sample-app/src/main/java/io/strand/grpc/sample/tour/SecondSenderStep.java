package io.strand.grpc.sample.tour;

import java.time.Duration;
import java.util.List;

import io.strand.grpc.sample.proto.Line;
import io.strand.grpc.sample.proto.QuarrelRequest;
import io.strand.grpc.sample.proto.TheatreGrpc;
import io.strand.grpc.sample.theatre.Stage;

import org.springframework.core.annotation.Order;
import org.springframework.stereotype.Component;

/**
 * Has two threads of a handler send to a client that does not read, where the
 * configuration wants the second one to be told (S3). One of them holds the stream sooner
 * or later, and the other one finds it so.
 */
@Component
@Order(15)
class SecondSenderStep implements TourStep {

	private static final Duration LIMIT = Duration.ofSeconds(20);

	/** More than the transport keeps. */
	private static final int LINES = 40;

	private static final int LINE_BYTES = 64 * 1024;

	private final Stage stage;

	private final TheatreGrpc.TheatreStub theatre;

	SecondSenderStep(Stage stage, TheatreGrpc.TheatreStub theatre) {
		this.stage = stage;
		this.theatre = theatre;
	}

	@Override
	public String title() {
		return "A second sender where that is forbidden";
	}

	@Override
	public String contract() {
		return "S3";
	}

	@Override
	public Finding take() throws Exception {
		this.stage.interruptions().clear();
		Tally tally = new Tally(2);
		int[] lines = new int[2];
		SlowReader<QuarrelRequest, Line> reader = new SlowReader<>((line) -> {
			tally.add(line.getActor(), line.getNumber());
			lines[line.getActor()]++;
		});
		this.theatre.quarrel(QuarrelRequest.newBuilder().setLines(LINES).setLineBytes(LINE_BYTES).build(), reader);
		boolean told = Waiting.isTrueWithin(LIMIT, () -> !this.stage.interruptions().isEmpty());
		reader.readAll();
		reader.awaitEnd();
		List<String> interruptions = List.copyOf(this.stage.interruptions());
		long namingBoth = interruptions.stream()
			.filter((text) -> text.contains("Theatre/Quarrel") && text.split("thread ").length > 2)
			.count();
		int undisturbed = Math.max(lines[0], lines[1]);
		return new Finding(
				("Two threads of Theatre/Quarrel sent %d lines each to a client that read none until one of them was"
						+ " told. The configuration has concurrent-send: fail for this method.")
					.formatted(LINES),
				List.of(Figure.count("threads that were told", interruptions.size()),
						Figure.count("of them that were told the call and both threads", namingBoth),
						Figure.count("lines of the other thread that arrived", undisturbed),
						Figure.count("of all lines that arrived, missing or out of order", tally.wrong())),
				"Where sending from two threads is a bug, the second one gets an exception that says who is there"
						+ " already. The first one does not notice, and the stream goes on.",
				Verdict.holdsIf(told && interruptions.size() == 1 && namingBoth == 1 && undisturbed == LINES
						&& tally.wrong() == 0));
	}

}
