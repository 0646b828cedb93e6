package com.example.shop;

import io.grpc.stub.StreamObserver;
import io.strand.grpc.service.GrpcService;

// tag::service[]
@GrpcService
class StockService extends StockGrpc.StockImplBase {

	@Override
	public void reserve(Item item, StreamObserver<Reservation> out) {
		String text = item.getPieces() + " × " + item.getName() + " reserved";
		out.onNext(Reservation.newBuilder().setText(text).build());
		out.onCompleted();
	}

}
// end::service[]
