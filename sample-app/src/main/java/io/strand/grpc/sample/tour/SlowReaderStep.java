package io.strand.grpc.sample.tour;

import java.time.Duration;
import java.util.List;

import io.strand.grpc.sample.concierge.BrochurePress;
import io.strand.grpc.sample.proto.BrochurePage;
import io.strand.grpc.sample.proto.BrochureRequest;
import io.strand.grpc.sample.proto.ConciergeGrpc;

import org.springframework.core.annotation.Order;
import org.springframework.stereotype.Component;

/**
 * Has a handler send to a client that does not read, and looks how far it gets. If sends
 * block (S5), it gets as far as the transport's buffers; if not, it sends everything into
 * memory. The amount is small enough to do no harm.
 */
@Component
@Order(8)
class SlowReaderStep implements TourStep {

	private static final int PAGES = 256;

	private static final int PAGE_BYTES = 64 * 1024;

	/** How long the handler may take until it counts as blocked. */
	private static final Duration OBSERVATION = Duration.ofSeconds(3);

	private final BrochurePress press;

	private final ConciergeGrpc.ConciergeStub concierge;

	SlowReaderStep(BrochurePress press, ConciergeGrpc.ConciergeStub concierge) {
		this.press = press;
		this.concierge = concierge;
	}

	@Override
	public String title() {
		return "Sending to a client that does not read";
	}

	@Override
	public String contract() {
		return "S5";
	}

	@Override
	public Finding take() throws Exception {
		int before = this.press.handedOver();
		SlowReader<BrochureRequest, BrochurePage> reader = new SlowReader<>((page) -> {
		});
		long start = System.nanoTime();
		this.concierge.readBrochure(BrochureRequest.newBuilder().setPages(PAGES).setPageBytes(PAGE_BYTES).build(),
				reader);
		boolean sentAll = Waiting.isTrueWithin(OBSERVATION, () -> this.press.handedOver() - before >= PAGES);
		Duration time = Duration.ofNanos(System.nanoTime() - start);
		int sent = this.press.handedOver() - before;
		int readMeanwhile = reader.read();
		reader.readAll();
		reader.awaitEnd();
		return new Finding(
				"A handler sent %d pages of %d KiB to a client that read none; then the client read them all."
					.formatted(PAGES, PAGE_BYTES / 1024),
				List.of(Figure.count("pages that the handler could send", sent),
						Figure.count("pages that the client had read by then", readMeanwhile),
						Figure.count("KiB that the server had to keep or send ahead", (long) sent * PAGE_BYTES / 1024),
						Figure.time("it took, or was observed for", time),
						Figure.count("pages that the client has read in the end", reader.read())),
				"onNext blocks until the client reads, so what a stream keeps in memory is bounded. Plain gRPC"
						+ " would have kept all of it. Nothing is lost: the handler went on when the client did.",
				Verdict.holdsIf(!sentAll && readMeanwhile == 0 && reader.read() == PAGES));
	}

}
