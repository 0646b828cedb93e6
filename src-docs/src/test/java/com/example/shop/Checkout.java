package com.example.shop;

import java.util.Iterator;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;

import io.strand.grpc.client.GrpcClient;

import org.springframework.stereotype.Component;

// tag::client[]
@Component
class Checkout {

	private final StockGrpc.StockBlockingStub stock;

	private final PricesGrpc.PricesFutureStub prices;

	Checkout(StockGrpc.StockBlockingStub stock, @GrpcClient("prices") PricesGrpc.PricesFutureStub prices) {
		this.stock = stock;
		this.prices = prices;
	}

	String order(Item item) throws ExecutionException, InterruptedException {
		Future<Price> price = this.prices.find(item);
		Reservation reservation = this.stock.reserve(item);
		return reservation.getText() + " at " + price.get().getCents();
	}

	// end::client[]
	// tag::deadline[]
	int level(Item item) {
		Iterator<Level> levels = this.stock.withDeadlineAfter(500, TimeUnit.MILLISECONDS).watch(item);
		return levels.next().getPieces();
	}
	// end::deadline[]
	// tag::client[]

}
// end::client[]
