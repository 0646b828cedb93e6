package io.strand.grpc.sample.tour;

import java.time.Duration;
import java.util.List;
import java.util.UUID;
import java.util.function.ToIntFunction;

import io.grpc.Metadata;
import io.grpc.stub.AbstractStub;
import io.grpc.stub.MetadataUtils;
import io.grpc.stub.StreamObserver;
import io.strand.grpc.sample.proto.EchoGrpc;
import io.strand.grpc.sample.proto.EchoRequest;
import io.strand.grpc.sample.proto.EchoResponse;
import io.strand.grpc.sample.proto.GreeterGrpc;
import io.strand.grpc.sample.proto.HelloRequest;

import org.springframework.core.annotation.Order;
import org.springframework.stereotype.Component;

/**
 * Has an interceptor note the thread at each step of a call, and counts them (H1).
 */
@Component
@Order(10)
class OneThreadStep implements TourStep {

	private static final Duration LIMIT = Duration.ofSeconds(10);

	private static final int MESSAGES = 100;

	private final CallWatch watch;

	private final Surroundings surroundings;

	private final GreeterGrpc.GreeterBlockingStub greeter;

	private final EchoGrpc.EchoStub echo;

	private final TourProperties properties;

	OneThreadStep(CallWatch watch, Surroundings surroundings, GreeterGrpc.GreeterBlockingStub greeter,
			EchoGrpc.EchoStub echo, TourProperties properties) {
		this.watch = watch;
		this.surroundings = surroundings;
		this.greeter = greeter;
		this.echo = echo;
		this.properties = properties;
	}

	@Override
	public String title() {
		return "One thread for the whole of a call";
	}

	@Override
	public String contract() {
		return "H1";
	}

	@Override
	public Finding take() throws Exception {
		int callers = this.properties.threads();
		int ofUnary = most(callUnary(callers), CallWatch.Watched::untilHandled);
		int ofStream = most(echoStream(), CallWatch.Watched::untilEnded);
		this.watch.forgetAll();
		boolean virtual = this.surroundings.threadKind().equals("virtual");
		return new Finding(
				("An interceptor noted the thread at each callback of %d unary calls at the same time, and of a"
						+ " stream of %d messages.")
					.formatted(callers, MESSAGES),
				List.of(Figure.count("threads of a unary call from interceptor to handler, at most", ofUnary),
						Figure.count("threads of the stream from interceptor to last callback", ofStream)),
				virtual ? "A call has one thread: what an interceptor puts into a ThreadLocal is there in the handler."
						: "A unary call has one thread. A pooled thread goes back while a stream has nothing to do, so"
								+ " streams may have several, one after the other; with virtual threads, they have one.",
				Verdict.holdsIf(ofUnary == 1 && (ofStream == 1 || !virtual)));
	}

	private List<CallWatch.Watched> callUnary(int callers) throws Exception {
		String watchword = UUID.randomUUID().toString();
		GreeterGrpc.GreeterBlockingStub watched = watched(this.greeter, watchword);
		Crew.work(callers, (number) -> watched.sayHello(HelloRequest.newBuilder().setName("tour").build()));
		return ended(watchword, callers);
	}

	private List<CallWatch.Watched> echoStream() throws Exception {
		String watchword = UUID.randomUUID().toString();
		Collector<EchoResponse> answers = new Collector<>((answer) -> {
		});
		StreamObserver<EchoRequest> stream = watched(this.echo, watchword).bidirectionalStreamingEcho(answers);
		for (int i = 0; i < MESSAGES; i++) {
			stream.onNext(EchoRequest.newBuilder().setMessage("message " + i).build());
		}
		stream.onCompleted();
		answers.awaitEnd();
		return ended(watchword, 1);
	}

	private List<CallWatch.Watched> ended(String watchword, int count) throws Exception {
		// The client has its answer before the server's last callback
		Waiting.until("calls to end", LIMIT, () -> this.watch.ended(watchword).size() >= count);
		return this.watch.ended(watchword);
	}

	private static int most(List<CallWatch.Watched> calls, ToIntFunction<CallWatch.Watched> threads) {
		return calls.stream().mapToInt(threads).max().orElse(0);
	}

	private static <S extends AbstractStub<S>> S watched(S stub, String watchword) {
		Metadata headers = new Metadata();
		headers.put(CallWatch.HEADER, watchword);
		return stub.withInterceptors(MetadataUtils.newAttachHeadersInterceptor(headers));
	}

}
