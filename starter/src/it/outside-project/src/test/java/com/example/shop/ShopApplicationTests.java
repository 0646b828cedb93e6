package com.example.shop;

import java.util.concurrent.TimeUnit;

import io.grpc.ManagedChannel;
import io.grpc.ManagedChannelBuilder;
import io.strand.grpc.server.LocalGrpcServerPort;
import org.junit.jupiter.api.Test;

import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.test.context.SpringBootTest;

import static org.assertj.core.api.Assertions.assertThat;

// tag::test[]
@SpringBootTest(properties = "strand.server.port=0")
class ShopApplicationTests {

	// end::test[]
	@LocalGrpcServerPort
	int port;

	// tag::test[]
	@Test
	void injectedStubIsAnswered(@Autowired Checkout checkout) {
		assertThat(checkout.order("tea", 2)).isEqualTo("2 × tea reserved");
	}

	// end::test[]
	@Test
	void foreignClientIsAnswered() throws InterruptedException {
		ManagedChannel channel = ManagedChannelBuilder.forAddress("localhost", this.port).usePlaintext().build();
		try {
			Item item = Item.newBuilder().setName("tea").setPieces(3).build();
			Reservation reservation = StockGrpc.newBlockingStub(channel)
				.withDeadlineAfter(10, TimeUnit.SECONDS)
				.reserve(item);
			assertThat(reservation.getText()).isEqualTo("3 × tea reserved");
		}
		finally {
			channel.shutdownNow();
			assertThat(channel.awaitTermination(10, TimeUnit.SECONDS)).isTrue();
		}
	}

// tag::test[]
}
// end::test[]
