package io.strand.grpc.sample.tour;

import java.time.Duration;
import java.util.List;
import java.util.UUID;

import io.grpc.Metadata;
import io.grpc.stub.MetadataUtils;
import io.strand.grpc.sample.proto.AnnounceRequest;
import io.strand.grpc.sample.proto.GreeterGrpc;
import io.strand.grpc.sample.proto.HelloRequest;
import io.strand.grpc.sample.proto.Line;
import io.strand.grpc.sample.proto.TheatreGrpc;
import io.strand.grpc.sample.theatre.Stage;

import org.springframework.core.annotation.Order;
import org.springframework.stereotype.Component;

/**
 * Calls a method that the configuration has run on the event loop (H7): looks where it
 * ran, has it block there, and has it send to a client that does not read (S7), where any
 * other handler would wait.
 */
@Component
@Order(16)
class EventLoopStep implements TourStep {

	private static final Duration LIMIT = Duration.ofSeconds(10);

	/** Longer than a handler may keep an event loop without a word. */
	private static final int PAUSE_MILLIS = 300;

	private static final int ATTEMPTS = 3;

	private static final Duration WARNED_WITHIN = Duration.ofSeconds(3);

	private static final int LINES = 500;

	private static final int LINE_BYTES = 16 * 1024;

	private final CallWatch watch;

	private final Stage stage;

	private final TheatreGrpc.TheatreStub theatre;

	private final GreeterGrpc.GreeterBlockingStub greeter;

	EventLoopStep(CallWatch watch, Stage stage, TheatreGrpc.TheatreStub theatre,
			GreeterGrpc.GreeterBlockingStub greeter) {
		this.watch = watch;
		this.stage = stage;
		this.theatre = theatre;
		this.greeter = greeter;
	}

	@Override
	public String title() {
		return "Handlers on the event loop";
	}

	@Override
	public String contract() {
		return "S7, H7";
	}

	@Override
	public Finding take() throws Exception {
		try (LogWatch log = LogWatch.open()) {
			CallWatch.Watched watched = announceWatched();
			boolean found = false;
			// Nobody looks while the whole machine stands still
			for (int i = 0; i < ATTEMPTS && !found; i++) {
				announce(AnnounceRequest.newBuilder().setLines(1).setPauseMillis(PAUSE_MILLIS).build());
				found = Waiting.isTrueWithin(WARNED_WITHIN, () -> linesAboutBlocking(log) > 0);
			}
			int announced = this.stage.announced();
			int refused = this.stage.refusedAnnouncements();
			int[] arrived = new int[1];
			SlowReader<AnnounceRequest, Line> reader = new SlowReader<>((line) -> arrived[0]++);
			this.theatre.announce(AnnounceRequest.newBuilder().setLines(LINES).setLineBytes(LINE_BYTES).build(),
					reader);
			Waiting.until("a line to be refused", LIMIT, () -> this.stage.refusedAnnouncements() > refused);
			int accepted = this.stage.announced() - announced;
			long start = System.nanoTime();
			this.greeter.sayHello(HelloRequest.newBuilder().setName("tour").build());
			Duration meanwhile = Duration.ofNanos(System.nanoTime() - start);
			reader.readAll();
			reader.awaitEnd();
			return new Finding(
					("Theatre/Announce runs on the event loop of its connection. It was watched by an interceptor; then"
							+ " it blocked for %d ms; then it sent up to %d lines of %d KiB to a client that read none.")
						.formatted(PAUSE_MILLIS, LINES, LINE_BYTES / 1024),
					List.of(Figure.count("threads of a call, from interceptor to last callback", watched.untilEnded()),
							new Figure("whether that was the event loop", watched.isOnEventLoop() ? "yes" : "no"),
							Figure.count("warnings in the log that it blocked", linesAboutBlocking(log)),
							Figure.count("lines that it could send, with nobody to read them", accepted),
							Figure.time("another call on the same connection took meanwhile", meanwhile),
							Figure.count("of these lines arrived when the client read", arrived[0])),
					"A method may do without a thread of its own. One that blocks there is found and named. What it"
							+ " sends to a slow client is queued up to a limit, then refused: no event loop waits.",
					Verdict.holdsIf(watched.untilEnded() == 1 && watched.isOnEventLoop() && found && accepted > 0
							&& accepted < LINES && arrived[0] == accepted));
		}
	}

	private CallWatch.Watched announceWatched() throws Exception {
		String watchword = UUID.randomUUID().toString();
		Metadata headers = new Metadata();
		headers.put(CallWatch.HEADER, watchword);
		Collector<Line> lines = new Collector<>((line) -> {
		});
		this.theatre.withInterceptors(MetadataUtils.newAttachHeadersInterceptor(headers))
			.announce(AnnounceRequest.newBuilder().setLines(1).build(), lines);
		lines.awaitEnd();
		Waiting.until("the call to end", LIMIT, () -> !this.watch.ended(watchword).isEmpty());
		return this.watch.ended(watchword).get(0);
	}

	private void announce(AnnounceRequest request) throws Exception {
		Collector<Line> lines = new Collector<>((line) -> {
		});
		this.theatre.announce(request, lines);
		lines.awaitEnd();
	}

	private static long linesAboutBlocking(LogWatch log) {
		return log.about("sample.Theatre/Announce").stream().filter((line) -> line.contains("busy for")).count();
	}

}
