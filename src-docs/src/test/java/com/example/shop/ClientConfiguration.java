package com.example.shop;

import java.util.Optional;

import io.strand.grpc.client.GrpcChannelCustomizer;
import io.strand.grpc.client.GrpcChannels;
import io.strand.grpc.client.GrpcStubCustomizer;

import org.springframework.beans.factory.ObjectProvider;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

@Configuration(proxyBeanMethods = false)
class ClientConfiguration {

	// tag::parameter[]
	@Bean
	PriceTag teaPrice(ObjectProvider<PricesGrpc.PricesBlockingStub> prices) {
		return () -> prices.getObject().find(Item.newBuilder().setName("tea").build()).getCents();
	}
	// end::parameter[]

	// tag::own-stub[]
	@Bean
	StockGrpc.StockBlockingV2Stub patientStock(GrpcChannels channels) {
		return StockGrpc.newBlockingV2Stub(channels.channel("stock")).withWaitForReady();
	}
	// end::own-stub[]

	// tag::customizer[]
	@Bean
	GrpcChannelCustomizer smallBuffers() {
		return (channelName, builder) -> {
			if (channelName.equals("prices")) {
				builder.perRpcBufferLimit(64 * 1024);
			}
		};
	}
	// end::customizer[]

	// tag::stub-customizer[]
	@Bean
	GrpcStubCustomizer compressedPrices() {
		return (channelName, stub) -> channelName.equals("prices") ? stub.withCompression("gzip") : stub;
	}
	// end::stub-customizer[]

	/**
	 * A price to be looked up.
	 */
	interface PriceTag {

		long cents();

		default Optional<Long> below(long limit) {
			return Optional.of(cents()).filter((cents) -> cents < limit);
		}

	}

}
