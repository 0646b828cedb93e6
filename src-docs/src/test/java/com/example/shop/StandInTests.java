package com.example.shop;

import io.grpc.Server;
import io.grpc.inprocess.InProcessServerBuilder;
import io.grpc.stub.StreamObserver;
import io.strand.grpc.client.GrpcChannelTargetOverride;
import org.junit.jupiter.api.Test;

import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.test.context.SpringBootTest;
import org.springframework.boot.test.context.TestConfiguration;
import org.springframework.context.annotation.Bean;

import static org.assertj.core.api.Assertions.assertThat;

// tag::stand-in[]
@SpringBootTest(properties = "strand.test.in-process=true")
class StandInTests {

	@Test
	void pricesComeFromTheStandIn(@Autowired Checkout checkout) throws Exception {
		Item item = Item.newBuilder().setName("tea").setPieces(1).build();
		assertThat(checkout.order(item)).isEqualTo("1 × tea at 7");
	}

	@TestConfiguration(proxyBeanMethods = false)
	static class PricesElsewhere {

		@Bean(initMethod = "start", destroyMethod = "shutdownNow")
		Server standIn() {
			return InProcessServerBuilder.forName("stand-in").addService(new FixedPrices()).build();
		}

		@Bean
		GrpcChannelTargetOverride pricesFromStandIn() {
			return (channelName, target) -> channelName.equals("prices") ? "in-process:stand-in" : null;
		}

	}

	static class FixedPrices extends PricesGrpc.PricesImplBase {

		@Override
		public void find(Item item, StreamObserver<Price> out) {
			out.onNext(Price.newBuilder().setCents(7).build());
			out.onCompleted();
		}

	}

}
// end::stand-in[]
