package io.strand.grpc.sample.tour;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

import io.grpc.Status;
import io.strand.grpc.sample.concierge.BrochurePress;
import io.strand.grpc.sample.proto.BrochurePage;
import io.strand.grpc.sample.proto.BrochureRequest;
import io.strand.grpc.sample.proto.ConciergeGrpc;
import io.strand.grpc.sample.proto.GreeterGrpc;
import io.strand.grpc.sample.proto.HelloRequest;

import org.springframework.beans.factory.annotation.Value;
import org.springframework.core.annotation.Order;
import org.springframework.stereotype.Component;

/**
 * Keeps as many handlers of a limited method busy as it may have (H8), and calls once
 * more.
 */
@Component
@Order(11)
class LimitStep implements TourStep {

	private static final Duration LIMIT = Duration.ofSeconds(20);

	private static final BrochureRequest LARGE = BrochureRequest.newBuilder()
		.setPages(256)
		.setPageBytes(64 * 1024)
		.build();

	private final BrochurePress press;

	private final ConciergeGrpc.ConciergeStub concierge;

	private final GreeterGrpc.GreeterBlockingStub greeter;

	private final int limit;

	LimitStep(BrochurePress press, ConciergeGrpc.ConciergeStub concierge, GreeterGrpc.GreeterBlockingStub greeter,
			@Value("${strand.server.methods[sample.Concierge/ReadBrochure].max-concurrent-calls}") int limit) {
		this.press = press;
		this.concierge = concierge;
		this.greeter = greeter;
		this.limit = limit;
	}

	@Override
	public String title() {
		return "A method at its limit";
	}

	@Override
	public String contract() {
		return "H8";
	}

	@Override
	public Finding take() throws Exception {
		Waiting.until("no handler of the method to run", LIMIT, () -> this.press.printing() == 0);
		List<SlowReader<BrochureRequest, BrochurePage>> readers = new ArrayList<>();
		for (int i = 0; i < this.limit; i++) {
			readers.add(begin());
		}
		Waiting.until("as many handlers as may run", LIMIT, () -> this.press.printing() == this.limit);
		long start = System.nanoTime();
		Status.Code refused = begin().awaitStatus().getCode();
		Duration time = Duration.ofNanos(System.nanoTime() - start);
		int running = this.press.printing();
		this.greeter.sayHello(HelloRequest.newBuilder().setName("tour").build());
		readers.forEach(SlowReader::readAll);
		long complete = 0;
		for (SlowReader<BrochureRequest, BrochurePage> reader : readers) {
			complete += reader.awaitStatus().isOk() ? 1 : 0;
		}
		Status.Code admitted = admittedInTheEnd();
		return new Finding(
				("The configuration allows %d handlers of Concierge/ReadBrochure at a time. As many clients asked"
						+ " for a brochure and read none of it. One more asked, another called Greeter/SayHello.")
					.formatted(this.limit),
				List.of(new Figure("status of the one more", refused.name()), Figure.time("until it was told", time),
						Figure.count("handlers of the method that ran then", running),
						Figure.count("brochures complete in the end", complete),
						new Figure("status of a call after that", admitted.name())),
				"A limit counts handlers that run, refuses the next call at once and touches no other method."
						+ " The whole server and each service can have one too, and calls can wait for a place.",
				Verdict.holdsIf(refused == Status.Code.RESOURCE_EXHAUSTED && running == this.limit
						&& complete == this.limit && admitted == Status.Code.OK));
	}

	/**
	 * The place of a call is free once its handler has returned and it has heard of its
	 * end, which may be a little after the client has.
	 */
	private Status.Code admittedInTheEnd() throws Exception {
		long end = System.nanoTime() + LIMIT.toNanos();
		Status.Code code = Status.Code.RESOURCE_EXHAUSTED;
		while (code == Status.Code.RESOURCE_EXHAUSTED && System.nanoTime() < end) {
			SlowReader<BrochureRequest, BrochurePage> next = begin();
			next.readAll();
			code = next.awaitStatus().getCode();
		}
		return code;
	}

	private SlowReader<BrochureRequest, BrochurePage> begin() {
		SlowReader<BrochureRequest, BrochurePage> reader = new SlowReader<>((page) -> {
		});
		this.concierge.readBrochure(LARGE, reader);
		return reader;
	}

}
