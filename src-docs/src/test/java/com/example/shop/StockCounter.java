package com.example.shop;

import java.util.ArrayList;
import java.util.List;

import io.grpc.StatusException;
import io.strand.grpc.stream.StreamingCall;

import org.springframework.stereotype.Component;

// tag::client[]
@Component
class StockCounter {

	private final CountingGrpc.CountingBlockingV2Stub counting;

	private final OrdersGrpc.OrdersBlockingV2Stub orders;

	StockCounter(CountingGrpc.CountingBlockingV2Stub counting, OrdersGrpc.OrdersBlockingV2Stub orders) {
		this.counting = counting;
		this.orders = orders;
	}

	List<Integer> running(List<Item> items) {
		List<Integer> sums = new ArrayList<>();
		try (StreamingCall<Item, Level> call = StreamingCall.of(this.counting.running())) {
			for (Item item : items) {
				call.send(item);
				sums.add(call.receive().getPieces());
			}
		}
		return sums;
	}

	// end::client[]
	// tag::answer[]
	int total(List<Item> items) {
		try (StreamingCall<Item, Level> call = StreamingCall.of(this.counting.total())) {
			items.forEach(call::send);
			call.halfClose();
			return call.receive().getPieces();
		}
	}

	// end::answer[]
	// tag::unary[]
	String order(Item item) throws StatusException {
		return this.orders.place(item).getText();
	}

	// end::unary[]
	// tag::client[]

}
// end::client[]
