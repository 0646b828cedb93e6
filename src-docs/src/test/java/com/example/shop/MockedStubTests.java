package com.example.shop;

import org.junit.jupiter.api.Test;

import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.test.context.SpringBootTest;
import org.springframework.test.context.bean.override.mockito.MockitoBean;

import static org.assertj.core.api.Assertions.assertThat;
import static org.mockito.ArgumentMatchers.any;
import static org.mockito.BDDMockito.given;

// tag::mock[]
@SpringBootTest(properties = "strand.server.port=0")
class MockedStubTests {

	@MockitoBean
	StockGrpc.StockBlockingStub stock;

	@Test
	void answersAsTheMockIsTold(@Autowired Checkout checkout) throws Exception {
		given(this.stock.reserve(any())).willReturn(Reservation.newBuilder().setText("all of it").build());
		assertThat(checkout.order(Item.getDefaultInstance())).startsWith("all of it");
	}

}
// end::mock[]
