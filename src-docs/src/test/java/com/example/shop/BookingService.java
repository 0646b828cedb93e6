package com.example.shop;

import io.strand.grpc.service.GrpcService;
import io.strand.grpc.stream.ClientStream;

import org.springframework.validation.annotation.Validated;

// tag::service[]
@GrpcService(BookingsGrpc.class)
@Validated
class BookingService {

	Reservation book(@Sellable Booking booking) {
		return Reservation.newBuilder().setText(booking.getPieces() + " × " + booking.getName()).build();
	}

	Reservation bookAll(ClientStream<@Sellable Booking> bookings) {
		int pieces = bookings.stream().mapToInt(Booking::getPieces).sum();
		return Reservation.newBuilder().setText(pieces + " pieces").build();
	}

}
// end::service[]
