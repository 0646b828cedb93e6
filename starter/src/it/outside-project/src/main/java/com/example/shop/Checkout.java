package com.example.shop;

import org.springframework.stereotype.Component;

// tag::client[]
@Component
class Checkout {

	private final StockGrpc.StockBlockingStub stock;

	Checkout(StockGrpc.StockBlockingStub stock) {
		this.stock = stock;
	}

	String order(String name, int pieces) {
		Item item = Item.newBuilder().setName(name).setPieces(pieces).build();
		return this.stock.reserve(item).getText();
	}

}
// end::client[]
