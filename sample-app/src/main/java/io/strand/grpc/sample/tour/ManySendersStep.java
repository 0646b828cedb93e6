package io.strand.grpc.sample.tour;

import java.util.List;

import io.grpc.stub.StreamObserver;
import io.strand.grpc.sample.connection.ServerConnections;
import io.strand.grpc.sample.proto.ConciergeGrpc;
import io.strand.grpc.sample.proto.EchoGrpc;
import io.strand.grpc.sample.proto.EchoRequest;
import io.strand.grpc.sample.proto.EchoResponse;
import io.strand.grpc.sample.proto.SongLine;
import io.strand.grpc.sample.proto.SongRequest;

import org.springframework.core.annotation.Order;
import org.springframework.stereotype.Component;

/**
 * Has a handler, and then a client, send from many threads on one stream without a lock
 * of the application (S2). With plain gRPC that loses messages and may break the
 * connection for every other call on it.
 */
@Component
@Order(7)
class ManySendersStep implements TourStep {

	private final ServerConnections connections;

	private final ConciergeGrpc.ConciergeStub concierge;

	private final EchoGrpc.EchoStub echo;

	private final int senders;

	private final int each;

	ManySendersStep(ServerConnections connections, ConciergeGrpc.ConciergeStub concierge, EchoGrpc.EchoStub echo,
			TourProperties properties) {
		this.connections = connections;
		this.concierge = concierge;
		this.echo = echo;
		this.senders = properties.senders();
		this.each = properties.messagesPerSender();
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
		int before = this.connections.accepted();
		Tally handlers = sendFromHandler();
		Tally clients = sendFromClient();
		int made = this.connections.accepted() - before;
		int expected = this.senders * this.each;
		int wrong = handlers.wrong() + clients.wrong();
		return new Finding(
				("The handler of Concierge/Sing had %d threads call onNext %d times each, from the same moment"
						+ " on and with no lock around it. Then a client did the same on a stream that"
						+ " Echo/BidirectionalStreamingEcho sent back.")
					.formatted(this.senders, this.each),
				List.of(Figure.count("messages sent, by the handler and by the client each", expected),
						Figure.count("of the handler's messages arrived", handlers.arrived()),
						Figure.count("of the client's messages came back", clients.arrived()),
						Figure.count("of all out of their sender's order", wrong),
						Figure.count("connections made for it", made)),
				"Any number of threads may send on one stream: they take turns by themselves.", Verdict.holdsIf(
						handlers.arrived() == expected && clients.arrived() == expected && wrong == 0 && made == 0));
	}

	private Tally sendFromHandler() throws Exception {
		Tally tally = new Tally(this.senders);
		Collector<SongLine> lines = new Collector<>((line) -> tally.add(line.getVoice(), line.getNumber()));
		this.concierge.sing(SongRequest.newBuilder().setVoices(this.senders).setLinesPerVoice(this.each).build(),
				lines);
		lines.awaitEnd();
		return tally;
	}

	private Tally sendFromClient() throws Exception {
		Tally tally = new Tally(this.senders);
		Collector<EchoResponse> answers = new Collector<>((answer) -> {
			String[] parts = answer.getMessage().split(" ");
			tally.add(Integer.parseInt(parts[0]), Integer.parseInt(parts[1]));
		});
		StreamObserver<EchoRequest> stream = this.echo.bidirectionalStreamingEcho(answers);
		Crew.work(this.senders, (sender) -> {
			for (int number = 0; number < this.each; number++) {
				stream.onNext(EchoRequest.newBuilder().setMessage(sender + " " + number).build());
			}
			return sender;
		});
		stream.onCompleted();
		answers.awaitEnd();
		return tally;
	}

}
