package com.example.shop;

import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

import io.grpc.stub.StreamObserver;
import io.strand.grpc.service.GrpcService;

// tag::senders[]
@GrpcService
class StockTicker extends TickerGrpc.TickerImplBase {

	private final Shelves shelves;

	StockTicker(Shelves shelves) {
		this.shelves = shelves;
	}

	@Override
	public void follow(Items items, StreamObserver<Level> out) {
		ExecutorService scanners = Executors.newFixedThreadPool(4);
		try {
			List<Future<?>> scans = items.getItemsList()
				.stream()
				.<Future<?>>map((item) -> scanners.submit(() -> scan(item, out)))
				.toList();
			for (Future<?> scan : scans) {
				scan.get();
			}
			out.onCompleted();
		}
		catch (InterruptedException ex) {
			Thread.currentThread().interrupt(); // the client has left
		}
		catch (Exception ex) {
			out.onError(ex);
		}
		finally {
			scanners.shutdownNow();
		}
	}

	private void scan(Item item, StreamObserver<Level> out) {
		for (int i = 0; i < item.getPieces(); i++) {
			out.onNext(Level.newBuilder().setPieces(this.shelves.count(item.getName())).build());
		}
	}

}
// end::senders[]
