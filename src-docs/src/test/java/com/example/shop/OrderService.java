package com.example.shop;

import io.grpc.Status;
import io.strand.grpc.service.GrpcService;
import io.strand.grpc.service.advice.GrpcExceptionHandler;

// tag::service[]
@GrpcService(OrdersGrpc.class)
class OrderService {

	// end::service[]
	private final Shelves shelves;

	private final Receipts receipts;

	private final CallNotes notes;

	private final Labels labels;

	OrderService(Shelves shelves, Receipts receipts, CallNotes notes, Labels labels) {
		this.shelves = shelves;
		this.receipts = receipts;
		this.notes = notes;
		this.labels = labels;
	}

	Reservation place(Item item) {
		this.notes.add("wants " + item.getName());
		if (!this.shelves.take(item.getName(), item.getPieces())) {
			throw new SoldOutException(item.getName());
		}
		this.receipts.number("R-1");
		this.notes.add("took " + item.getPieces());
		String label = this.labels.print(item).join();
		return Reservation.newBuilder().setText(item.getPieces() + " × " + label).build();
	}

	// tag::service[]
	Level weigh(Item item) throws OverweightException {
		if (item.getPieces() > 30) {
			throw new OverweightException(item.getPieces());
		}
		return Level.newBuilder().setPieces(item.getPieces()).build();
	}

	@GrpcExceptionHandler
	Status tooHeavy(OverweightException ex) {
		return Status.OUT_OF_RANGE.withDescription(ex.getMessage());
	}

}
// end::service[]
