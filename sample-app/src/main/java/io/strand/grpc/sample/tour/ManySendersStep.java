package io.strand.grpc.sample.tour;

import java.util.List;
import java.util.concurrent.locks.ReentrantLock;

import io.grpc.stub.StreamObserver;
import io.strand.grpc.sample.connection.ServerConnections;
import io.strand.grpc.sample.proto.EchoGrpc;
import io.strand.grpc.sample.proto.EchoRequest;
import io.strand.grpc.sample.proto.EchoResponse;

import org.springframework.core.annotation.Order;
import org.springframework.stereotype.Component;

/**
 * Sends from many threads on one stream, each message under a lock of the tour's own. To
 * take the lock away shows nothing today but a broken connection, for every other call on
 * it too; once the library serializes senders (S2), it goes.
 */
@Component
@Order(7)
class ManySendersStep implements TourStep {

	private final ServerConnections connections;

	private final EchoGrpc.EchoStub echo;

	private final TourProperties properties;

	ManySendersStep(ServerConnections connections, EchoGrpc.EchoStub echo, TourProperties properties) {
		this.connections = connections;
		this.echo = echo;
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
		int before = this.connections.accepted();
		Tally tally = new Tally(this.properties.senders());
		Collector<EchoResponse> answers = new Collector<>((answer) -> tally.add(answer.getMessage()));
		StreamObserver<EchoRequest> stream = this.echo.bidirectionalStreamingEcho(answers);
		ReentrantLock lock = new ReentrantLock();
		Crew.Report<Integer> report = Crew.work(this.properties.senders(), (sender) -> send(sender, stream, lock));
		stream.onCompleted();
		answers.awaitEnd();
		int sent = report.results().stream().mapToInt(Integer::intValue).sum();
		int made = this.connections.accepted() - before;
		return new Finding(
				("%d threads sent on one stream of Echo/BidirectionalStreamingEcho, one lock around the"
						+ " observer; the echo of each message was compared with it.")
					.formatted(report.results().size()),
				List.of(Figure.count("messages sent", sent), Figure.count("messages that came back", tally.arrived()),
						Figure.count("of them damaged or out of their sender's order", tally.wrong()),
						Figure.time("for sending them", report.time()), Figure.count("connections made for it", made)),
				"With gRPC's own observers the lock is the application's duty: two threads in onNext at"
						+ " once may cost everybody the connection. Part 2 makes plain onNext do this without a"
						+ " lock.",
				(tally.arrived() == sent && tally.wrong() == 0 && made == 0) ? Verdict.BY_HAND : Verdict.BROKEN);
	}

	private int send(int sender, StreamObserver<EchoRequest> stream, ReentrantLock lock) {
		int sent = 0;
		while (sent < this.properties.messagesPerSender()) {
			EchoRequest message = EchoRequest.newBuilder().setMessage(Tally.message(sender, sent)).build();
			lock.lock();
			try {
				stream.onNext(message);
			}
			finally {
				lock.unlock();
			}
			sent++;
		}
		return sent;
	}

}
