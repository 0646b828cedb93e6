package com.example.shop;

import io.strand.grpc.client.GrpcChannels;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.WebApplicationType;
import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.boot.test.context.SpringBootTest;
import org.springframework.test.context.ActiveProfiles;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatException;

/**
 * The guide's page about balancing and resolution.
 */
@SpringBootTest(properties = "strand.server.port=0")
@ActiveProfiles("balancing")
class BalancingTests {

	@Test
	void theSettingsAreAccepted(@Autowired GrpcChannels channels) {
		assertThat(channels.channel("prices")).isNotNull();
		assertThat(channels.channel("stock")).isNotNull();
		assertThat(channels.channel("orders")).isNotNull();
	}

	@ParameterizedTest
	@CsvSource({ "load-balancing-policy=ring_hash, Add the dependency io.grpc:grpc-xds",
			"target=xds:///stock, xDS needs the dependency io.grpc:grpc-xds",
			"target=discovery:///stock, It needs Spring Cloud's DiscoveryClient" })
	void whatIsNotOnTheClassPathIsNamed(String property, String message) {
		assertThatException()
			.isThrownBy(() -> new SpringApplicationBuilder(ShopApplication.class).web(WebApplicationType.NONE)
				.run("--strand.server.port=0", "--strand.client.channels.stock." + property))
			.havingRootCause()
			.withMessageContaining(message);
	}

}
