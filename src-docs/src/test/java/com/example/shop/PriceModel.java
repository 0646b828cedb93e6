package com.example.shop;

import io.grpc.stub.StreamObserver;
import io.strand.grpc.call.Threading;
import io.strand.grpc.service.GrpcService;

// tag::threading[]
@GrpcService(threading = Threading.PLATFORM)
class PriceModel extends ForecastGrpc.ForecastImplBase {

	// end::threading[]
	private volatile String threadName = "";

	// tag::threading[]
	@Override
	public void predict(Item item, StreamObserver<Price> out) {
		out.onNext(Price.newBuilder().setCents(compute(item)).build());
		out.onCompleted();
	}

	// end::threading[]
	private long compute(Item item) {
		this.threadName = Thread.currentThread().getName();
		return item.getPieces() * 250L;
	}

	String threadName() {
		return this.threadName;
	}
	// tag::threading[]

}
// end::threading[]
