package com.example.shop;

import java.util.stream.IntStream;
import java.util.stream.Stream;

import io.grpc.Status;
import io.strand.grpc.call.GrpcCall;
import io.strand.grpc.service.GrpcMethod;
import io.strand.grpc.service.GrpcService;
import io.strand.grpc.stream.BidiStream;
import io.strand.grpc.stream.ClientStream;

// tag::service[]
@GrpcService(DeliveriesGrpc.class)
class DeliveryService {

	private final Shelves shelves;

	DeliveryService(Shelves shelves) {
		this.shelves = shelves;
	}

	Reservation announce(Item item) {
		if (item.getPieces() < 1) {
			throw Status.INVALID_ARGUMENT.withDescription("Nothing to deliver").asRuntimeException();
		}
		return Reservation.newBuilder().setText("Expecting " + item.getName()).build();
	}

	Stream<Level> track(Item item) {
		return IntStream.range(0, item.getPieces()).mapToObj(this::level);
	}

	Level unload(ClientStream<Item> items) {
		int pieces = 0;
		for (Item item : items) {
			pieces += item.getPieces();
		}
		return level(pieces);
	}

	// end::service[]
	// tag::parameters[]
	@GrpcMethod("Check")
	void compareWithShelves(BidiStream<Item, Level> stream, Customer customer, GrpcCall call) {
		call.responseHeaders().put(CustomerParameter.CUSTOMER, customer.name());
		for (Item item : stream) {
			stream.send(level(this.shelves.count(item.getName())));
		}
	}

	// end::parameters[]
	// tag::service[]
	private Level level(int pieces) {
		return Level.newBuilder().setPieces(pieces).build();
	}

}
// end::service[]
