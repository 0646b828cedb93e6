package io.strand.grpc.sample.tour;

import java.time.Duration;
import java.util.List;

import io.strand.grpc.sample.connection.ServerConnections;
import io.strand.grpc.sample.proto.ConciergeGrpc;
import io.strand.grpc.sample.proto.SongLine;
import io.strand.grpc.sample.proto.SongRequest;

import org.springframework.core.annotation.Order;
import org.springframework.stereotype.Component;

/**
 * Has a handler send from many threads on the one stream of its answers, without a lock
 * of the application (S2). With plain gRPC that loses messages and may break the
 * connection for every other call on it.
 */
@Component
@Order(7)
class ManySendersStep implements TourStep {

	private final ServerConnections connections;

	private final ConciergeGrpc.ConciergeStub concierge;

	private final TourProperties properties;

	ManySendersStep(ServerConnections connections, ConciergeGrpc.ConciergeStub concierge, TourProperties properties) {
		this.connections = connections;
		this.concierge = concierge;
		this.properties = properties;
	}

	@Override
	public String title() {
		return "Many threads sending on one stream";
	}

	@Override
	public String contract() {
		return "S2";
	}

	@Override
	public Finding take() throws Exception {
		int senders = this.properties.senders();
		int expected = senders * this.properties.messagesPerSender();
		int before = this.connections.accepted();
		Tally tally = new Tally(senders);
		Collector<SongLine> answers = new Collector<>((line) -> tally.add(line.getVoice(), line.getNumber()));
		long start = System.nanoTime();
		this.concierge.sing(SongRequest.newBuilder()
			.setVoices(senders)
			.setLinesPerVoice(this.properties.messagesPerSender())
			.build(), answers);
		answers.awaitEnd();
		Duration time = Duration.ofNanos(System.nanoTime() - start);
		int made = this.connections.accepted() - before;
		return new Finding(
				("The handler of Concierge/Sing had %d threads call onNext of its response observer %d times"
						+ " each, from the same moment on, with no lock around it.")
					.formatted(senders, this.properties.messagesPerSender()),
				List.of(Figure.count("messages sent", expected), Figure.count("messages that arrived", tally.arrived()),
						Figure.count("of them out of their sender's order", tally.wrong()),
						Figure.time("for all of them", time), Figure.count("connections made for it", made)),
				"Handlers may send on one stream from any number of threads: they take turns by themselves."
						+ " That is the server's half of S2; a client that sends from several threads still needs"
						+ " a lock around its request observer.",
				Verdict.holdsIf(tally.arrived() == expected && tally.wrong() == 0 && made == 0));
	}

}
