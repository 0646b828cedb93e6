package com.example.shop;

import io.grpc.stub.StreamObserver;

/**
 * Every item costs the same.
 */
class PriceService extends PricesGrpc.PricesImplBase {

	private final long cents;

	PriceService(long cents) {
		this.cents = cents;
	}

	@Override
	public void find(Item item, StreamObserver<Price> out) {
		out.onNext(Price.newBuilder().setCents(this.cents).build());
		out.onCompleted();
	}

}
