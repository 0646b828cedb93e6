package com.example.shop;

import com.google.rpc.ErrorInfo;
import io.grpc.Status;
import io.grpc.StatusException;
import io.grpc.protobuf.StatusProto;
import io.strand.grpc.service.advice.GrpcExceptionMapper;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;

import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.test.context.SpringBootTest;
import org.springframework.boot.test.context.TestConfiguration;
import org.springframework.context.annotation.Bean;
import org.springframework.test.context.ActiveProfiles;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

/**
 * The guide's page about errors.
 */
@SpringBootTest(properties = "strand.server.port=0")
@ActiveProfiles("calls")
class ErrorsTests {

	@Autowired
	StockCounter counter;

	@Test
	void adviceAnswersWithDetails() throws Exception {
		StatusException soldOut = catchThrowableOfType(StatusException.class,
				() -> this.counter.order(item("no such thing", 1)));
		assertThat(soldOut.getStatus().getCode()).isEqualTo(Status.Code.FAILED_PRECONDITION);
		assertThat(soldOut.getStatus().getDescription()).isEqualTo("Sold out: no such thing");
		ErrorInfo details = StatusProto.fromThrowable(soldOut).getDetails(0).unpack(ErrorInfo.class);
		assertThat(details.getDomain()).isEqualTo("shop.Orders");
		assertThat(details.getMetadataMap()).containsEntry("item", "no such thing");
	}

	@Test
	void serviceAnswersItsOwn(@Autowired OrdersGrpc.OrdersBlockingStub orders) {
		assertThat(orders.weigh(item("tea", 30)).getPieces()).isEqualTo(30);
		Status tooHeavy = statusOf(() -> orders.weigh(item("tea", 31)));
		assertThat(tooHeavy.getCode()).isEqualTo(Status.Code.OUT_OF_RANGE);
		assertThat(tooHeavy.getDescription()).isEqualTo("The scales end at 30 kg, this is 31");
	}

	@Test
	void ownMapperIsAskedForTheRest(@Autowired GrpcExceptionMapper mapper) {
		assertThat(mapper).isInstanceOf(LegacyMapper.class);
		assertThat(mapper.map(new UnsupportedOperationException("secret"), null).getStatus().getDescription())
			.isEqualTo("Not in this version");
		assertThat(mapper.map(new IllegalArgumentException("secret"), null)).isNull();
	}

	static Status statusOf(ThrowingCallable call) {
		return Status.fromThrowable(catchThrowable(call));
	}

	private static Item item(String name, int pieces) {
		return Item.newBuilder().setName(name).setPieces(pieces).build();
	}

	@TestConfiguration(proxyBeanMethods = false)
	static class Mapping {

		@Bean
		GrpcExceptionMapper mapper() {
			return new LegacyMapper();
		}

	}

}
