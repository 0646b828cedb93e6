package com.example.shop;

import io.strand.grpc.server.LocalGrpcServerPort;
import org.junit.jupiter.api.Test;

import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.test.context.SpringBootTest;

import static org.assertj.core.api.Assertions.assertThat;

// tag::server[]
@SpringBootTest(properties = "strand.server.port=0")
class ShopTests {

	@LocalGrpcServerPort
	int port;

	@Autowired
	StockGrpc.StockBlockingStub stock;

	@Test
	void reservesWhatIsThere() {
		Item item = Item.newBuilder().setName("tea").setPieces(1).build();
		assertThat(this.stock.reserve(item).getText()).isEqualTo("1 × tea");
	}

	// end::server[]
	@Test
	void pricesAreAskedWhileStockIsReserved(@Autowired Checkout checkout) throws Exception {
		Item item = Item.newBuilder().setName("tea").setPieces(2).build();
		assertThat(checkout.order(item)).isEqualTo("2 × tea at 250");
		assertThat(checkout.level(item)).isPositive();
	}

	@Test
	void beanMethodsGetStubs(@Autowired ClientConfiguration.PriceTag price) {
		assertThat(price.below(300)).hasValue(250L);
	}

	@Test
	void ownStubBeanWins(@Autowired StockGrpc.StockBlockingV2Stub stock) throws Exception {
		assertThat(stock.getCallOptions().isWaitForReady()).isTrue();
		assertThat(stock.reserve(Item.newBuilder().setName("tea").setPieces(1).build()).getText()).isEqualTo("1 × tea");
	}

	@Test
	void channelMadeAtRunTime(@Autowired Branches branches) {
		Item milk = Item.newBuilder().setName("milk").build();
		assertThat(branches.level("localhost:" + this.port, milk)).isEqualTo(20);
	}

	@Test
	void interceptorsAreCalledButWhereExcluded(@Autowired CallLogInterceptor log, @Autowired AuditInterceptor audit,
			@Autowired ClientConfiguration.PriceTag price) {
		int calls = audit.calls.get();
		price.cents();
		this.stock.reserve(Item.newBuilder().setName("tea").setPieces(1).build());
		assertThat(audit.calls).hasValue(calls + 1);
		assertThat(log.methods()).contains("shop.Stock/Reserve").doesNotContain("shop.Prices/Find");
	}

	@Test
	void eventsAreReceived(@Autowired Announcer announcer) {
		assertThat(announcer.state()).startsWith("open for ").contains("shop.Stock", "shop.Prices");
	}
	// tag::server[]

}
// end::server[]
