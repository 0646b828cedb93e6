package com.example.shop;

import io.grpc.Status;
import io.grpc.stub.StreamObserver;
import io.strand.grpc.service.GrpcService;

// tag::service[]
@GrpcService
class StockService extends StockGrpc.StockImplBase {

	private final Shelves shelves;

	StockService(Shelves shelves) {
		this.shelves = shelves;
	}

	@Override
	public void reserve(Item item, StreamObserver<Reservation> out) {
		if (!this.shelves.take(item.getName(), item.getPieces())) {
			out.onError(Status.NOT_FOUND.withDescription("No " + item.getName()).asRuntimeException());
			return;
		}
		out.onNext(Reservation.newBuilder().setText(item.getPieces() + " × " + item.getName()).build());
		out.onCompleted();
	}

	// end::service[]
	@Override
	public void watch(Item item, StreamObserver<Level> out) {
		for (int i = 0; i < 3; i++) {
			out.onNext(Level.newBuilder().setPieces(this.shelves.count(item.getName())).build());
		}
		out.onCompleted();
	}
	// tag::service[]

}
// end::service[]
