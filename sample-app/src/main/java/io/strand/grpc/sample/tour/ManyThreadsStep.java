package io.strand.grpc.sample.tour;

import java.util.List;

import io.strand.grpc.sample.connection.ServerConnections;
import io.strand.grpc.sample.proto.GreeterGrpc;
import io.strand.grpc.sample.proto.HelloRequest;

import org.springframework.core.annotation.Order;
import org.springframework.stereotype.Component;

/**
 * Calls from many threads through one stub, and compares each answer with its question.
 */
@Component
@Order(2)
class ManyThreadsStep implements TourStep {

	private final ServerConnections connections;

	private final GreeterGrpc.GreeterBlockingStub greeter;

	private final TourProperties properties;

	ManyThreadsStep(ServerConnections connections, GreeterGrpc.GreeterBlockingStub greeter, TourProperties properties) {
		this.connections = connections;
		this.greeter = greeter;
		this.properties = properties;
	}

	@Override
	public String title() {
		return "Many threads, one stub, one connection";
	}

	@Override
	public String contract() {
		return "C1, C2";
	}

	@Override
	public Finding take() throws Exception {
		int before = this.connections.accepted();
		Crew.Report<Integer> report = Crew.work(this.properties.threads(), this::callRepeatedly);
		int made = this.connections.accepted() - before;
		int calls = report.results().size() * this.properties.callsPerThread();
		int wrong = report.results().stream().mapToInt(Integer::intValue).sum();
		return new Finding(
				"%d threads called Greeter/SayHello %d times each, all through one injected stub."
					.formatted(report.results().size(), this.properties.callsPerThread()),
				List.of(Figure.count("calls answered", calls),
						Figure.count("answers to somebody else's question", wrong),
						Figure.time("for all of them", report.time()),
						Figure.perSecond("calls per second, in a JVM that has just started", calls, report.time()),
						Figure.count("connections made for it", made),
						Figure.count("connections open, as the server counts them", this.connections.open())),
				"Any number of threads may use a stub at the same time, and they need no connections of their own.",
				Verdict.holdsIf(wrong == 0 && made == 0));
	}

	private int callRepeatedly(int thread) {
		int wrong = 0;
		for (int call = 0; call < this.properties.callsPerThread(); call++) {
			String name = "thread %d, call %d".formatted(thread, call);
			String answer = this.greeter.sayHello(HelloRequest.newBuilder().setName(name).build()).getMessage();
			if (!answer.equals("Hello " + name)) {
				wrong++;
			}
		}
		return wrong;
	}

}
