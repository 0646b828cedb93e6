package com.example.shop;

import java.util.List;

import com.google.rpc.BadRequest;
import com.google.rpc.BadRequest.FieldViolation;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.protobuf.StatusProto;
import io.strand.grpc.stream.StreamingCall;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;

import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.test.context.SpringBootTest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

/**
 * The guide's page about validation.
 */
@SpringBootTest(properties = { "strand.server.port=0", "strand.client.channels.default.stream-deadline=20s" })
class ValidationTests {

	@Autowired
	BookingsGrpc.BookingsBlockingStub bookings;

	@Test
	void rulesOfTheProtoFile() throws Exception {
		assertThat(this.bookings.book(booking("tea", 2)).getText()).isEqualTo("2 × tea");
		assertThat(violations(() -> this.bookings.book(booking("", 0)))).extracting(FieldViolation::getField)
			.containsExactly("name", "pieces");
	}

	@Test
	void rulesForEachMessageOfAStream(@Autowired BookingsGrpc.BookingsBlockingV2Stub bookings) throws Exception {
		try (StreamingCall<Booking, Reservation> call = StreamingCall.of(bookings.bookAll())) {
			call.send(booking("tea", 2));
			call.send(booking("", 2));
			assertThat(violations(call::receive)).singleElement()
				.extracting(FieldViolation::getField)
				.isEqualTo("name");
		}
	}

	@Test
	void constraintsOfTheMethod() throws Exception {
		assertThat(violations(() -> this.bookings.book(booking("the cat", 1)))).singleElement()
			.satisfies((violation) -> {
				assertThat(violation.getField()).isEqualTo("booking");
				assertThat(violation.getDescription()).isEqualTo("is not for sale");
			});
	}

	@Test
	void constraintsForEachMessageOfAStream(@Autowired BookingsGrpc.BookingsBlockingV2Stub bookings) throws Exception {
		try (StreamingCall<Booking, Reservation> call = StreamingCall.of(bookings.bookAll())) {
			call.send(booking("tea", 2));
			call.send(booking("the cat", 1));
			assertThat(violations(call::receive)).singleElement().satisfies((violation) -> {
				assertThat(violation.getField()).isEqualTo("bookings");
				assertThat(violation.getDescription()).isEqualTo("is not for sale");
			});
		}
		try (StreamingCall<Booking, Reservation> call = StreamingCall.of(bookings.bookAll())) {
			call.send(booking("tea", 2));
			call.send(booking("jam", 3));
			call.halfClose();
			assertThat(call.receive().getText()).isEqualTo("5 pieces");
		}
	}

	private static List<FieldViolation> violations(ThrowingCallable call) throws Exception {
		StatusRuntimeException refused = catchThrowableOfType(StatusRuntimeException.class, call);
		assertThat(refused.getStatus().getCode()).isEqualTo(Status.Code.INVALID_ARGUMENT);
		return StatusProto.fromThrowable(refused).getDetails(0).unpack(BadRequest.class).getFieldViolationsList();
	}

	private static Booking booking(String name, int pieces) {
		return Booking.newBuilder().setName(name).setPieces(pieces).build();
	}

}
