package io.strand.grpc.sample.tour;

import java.util.concurrent.atomic.AtomicInteger;

import io.grpc.stub.ClientCallStreamObserver;
import io.grpc.stub.ClientResponseObserver;
import io.strand.grpc.sample.proto.BrochurePage;
import io.strand.grpc.sample.proto.BrochureRequest;
import org.jspecify.annotations.Nullable;

/**
 * A client that reads nothing until it is told to. Thread-safe once its call has begun.
 */
class SlowReader extends Collector<BrochurePage> implements ClientResponseObserver<BrochureRequest, BrochurePage> {

	private final AtomicInteger pages;

	private volatile @Nullable ClientCallStreamObserver<BrochureRequest> call;

	SlowReader() {
		this(new AtomicInteger());
	}

	private SlowReader(AtomicInteger pages) {
		super((page) -> pages.incrementAndGet());
		this.pages = pages;
	}

	@Override
	public void beforeStart(ClientCallStreamObserver<BrochureRequest> call) {
		call.disableAutoRequestWithInitial(0);
		this.call = call;
	}

	void readAll() {
		ClientCallStreamObserver<BrochureRequest> current = this.call;
		if (current == null) {
			throw new IllegalStateException("The call has not begun");
		}
		current.request(Integer.MAX_VALUE);
	}

	int pages() {
		return this.pages.get();
	}

}
