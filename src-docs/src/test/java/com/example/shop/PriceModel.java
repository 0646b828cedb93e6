package com.example.shop;

import io.grpc.stub.StreamObserver;
import io.strand.grpc.call.Threading;
import io.strand.grpc.service.GrpcService;

// tag::threading[]
@GrpcService(threading = Threading.PLATFORM)
class PriceModel extends ForecastGrpc.ForecastImplBase {

	@Override
	public void predict(Item item, StreamObserver<Price> out) {
		out.onNext(Price.newBuilder().setCents(compute(item)).build());
		out.onCompleted();
	}

	// end::threading[]
	private static long compute(Item item) {
		return item.getPieces() * 250L;
	}
	// tag::threading[]

}
// end::threading[]
