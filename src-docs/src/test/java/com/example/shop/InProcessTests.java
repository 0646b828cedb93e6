package com.example.shop;

import org.junit.jupiter.api.Test;

import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.test.context.SpringBootTest;

import static org.assertj.core.api.Assertions.assertThat;

// tag::in-process[]
@SpringBootTest(properties = "strand.test.in-process=true")
class InProcessTests {

	@Autowired
	StockGrpc.StockBlockingStub stock;

	@Test
	void answersWithoutNetwork() {
		Item item = Item.newBuilder().setName("milk").setPieces(1).build();
		assertThat(this.stock.reserve(item).getText()).isEqualTo("1 × milk");
	}

}
// end::in-process[]
