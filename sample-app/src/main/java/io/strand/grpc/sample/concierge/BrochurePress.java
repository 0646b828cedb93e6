package io.strand.grpc.sample.concierge;

import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;

import com.google.protobuf.ByteString;
import io.strand.grpc.sample.proto.BrochurePage;
import io.strand.grpc.sample.refusal.UnreasonableRequestException;

import org.springframework.stereotype.Component;

/**
 * Makes the pages of brochures, and counts those that were handed over to be sent and the
 * brochures at work. Thread-safe.
 */
@Component
public class BrochurePress {

	private static final int MOST_PAGES = 1_000;

	private static final int MOST_PAGE_BYTES = 64 * 1024;

	private final AtomicInteger handedOver = new AtomicInteger();

	private final AtomicInteger printing = new AtomicInteger();

	/**
	 * Makes a brochure. Blocks as long as the consumer does.
	 * @param pages how many pages
	 * @param pageBytes the size of each
	 * @param consumer takes the pages, one after the other
	 * @throws UnreasonableRequestException if it would be too large
	 */
	void print(int pages, int pageBytes, Consumer<BrochurePage> consumer) {
		if (pages < 0 || pages > MOST_PAGES || pageBytes < 0 || pageBytes > MOST_PAGE_BYTES) {
			throw new UnreasonableRequestException("A brochure has up to %d pages of up to %d bytes, not %d of %d"
				.formatted(MOST_PAGES, MOST_PAGE_BYTES, pages, pageBytes));
		}
		ByteString content = ByteString.copyFrom(new byte[pageBytes]);
		this.printing.incrementAndGet();
		try {
			for (int number = 1; number <= pages; number++) {
				consumer.accept(BrochurePage.newBuilder().setNumber(number).setContent(content).build());
				this.handedOver.incrementAndGet();
			}
		}
		finally {
			this.printing.decrementAndGet();
		}
	}

	/**
	 * The brochures that are being made now.
	 * @return how many
	 */
	public int printing() {
		return this.printing.get();
	}

	/**
	 * The pages of all brochures whose sending has returned.
	 * @return how many
	 */
	public int handedOver() {
		return this.handedOver.get();
	}

}
