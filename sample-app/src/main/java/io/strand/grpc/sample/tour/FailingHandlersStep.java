package io.strand.grpc.sample.tour;

import java.util.List;

import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.strand.grpc.sample.connection.ServerConnections;
import io.strand.grpc.sample.proto.Mishap;
import io.strand.grpc.sample.proto.StumbleRequest;
import io.strand.grpc.sample.proto.TheatreGrpc;

import org.springframework.core.annotation.Order;
import org.springframework.stereotype.Component;

/**
 * Has handlers throw, each kind of thing that can be thrown, beside handlers that do not,
 * and looks what becomes of either (H4).
 */
@Component
@Order(18)
class FailingHandlersStep implements TourStep {

	private static final String METHOD = "sample.Theatre/Stumble";

	private static final List<Mishap> MISHAPS = List.of(Mishap.NONE, Mishap.EXCEPTION, Mishap.ENDLESS_RECURSION,
			Mishap.STATUS);

	private static final int EACH = 25;

	private final ServerConnections connections;

	private final TheatreGrpc.TheatreBlockingStub theatre;

	FailingHandlersStep(ServerConnections connections, TheatreGrpc.TheatreBlockingStub theatre) {
		this.connections = connections;
		this.theatre = theatre;
	}

	@Override
	public String title() {
		return "Handlers that throw, beside others";
	}

	@Override
	public String contract() {
		return "H4";
	}

	@Override
	public Finding take() throws Exception {
		int before = this.connections.accepted();
		try (LogWatch log = LogWatch.open()) {
			List<Outcome> outcomes = Crew.work(EACH * MISHAPS.size(), this::call).results();
			int made = this.connections.accepted() - before;
			long answered = count(outcomes, Mishap.NONE, Status.Code.OK);
			long exceptions = count(outcomes, Mishap.EXCEPTION, Status.Code.UNKNOWN);
			long errors = count(outcomes, Mishap.ENDLESS_RECURSION, Status.Code.UNKNOWN);
			long statuses = count(outcomes, Mishap.STATUS, Status.Code.FAILED_PRECONDITION);
			long told = outcomes.stream().filter((outcome) -> outcome.text().contains("not to be named")).count();
			int logged = log.about(METHOD).size();
			return new Finding(
					("%d threads called Theatre/Stumble at the same moment. A quarter of the handlers threw an exception"
							+ " that nobody foresaw, a quarter a StackOverflowError, a quarter a status; the others answered.")
						.formatted(outcomes.size()),
					List.of(Figure.count("calls that were to be answered, and were", answered),
							Figure.count("calls ended as UNKNOWN by the exception", exceptions),
							Figure.count("calls ended as UNKNOWN by the error", errors),
							Figure.count("calls ended with the status that was thrown", statuses),
							Figure.count("clients that were told the exception's text", told),
							Figure.count("lines in the log, one for each exception and error", logged),
							Figure.count("connections made for it", made)),
					"Whatever a handler throws ends its own call, with a status, and is logged once. It tells the client"
							+ " nothing that is not its business, and harms no other call on the connection.",
					Verdict.holdsIf(answered == EACH && exceptions == EACH && errors == EACH && statuses == EACH
							&& told == 0 && logged == 2 * EACH && made == 0));
		}
	}

	private Outcome call(int number) {
		Mishap mishap = MISHAPS.get(number % MISHAPS.size());
		try {
			this.theatre.stumble(StumbleRequest.newBuilder().setMishap(mishap).build());
			return new Outcome(mishap, Status.OK);
		}
		catch (StatusRuntimeException ex) {
			return new Outcome(mishap, ex.getStatus());
		}
	}

	private static long count(List<Outcome> outcomes, Mishap mishap, Status.Code expected) {
		return outcomes.stream()
			.filter((outcome) -> outcome.mishap() == mishap && outcome.status().getCode() == expected)
			.count();
	}

	private record Outcome(Mishap mishap, Status status) {

		String text() {
			return String.valueOf(this.status.getDescription());
		}

	}

}
