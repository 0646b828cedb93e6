package com.example.shop;

import io.strand.grpc.client.GrpcChannels;
import org.junit.jupiter.api.Test;

import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.test.context.SpringBootTest;
import org.springframework.test.context.ActiveProfiles;

import static org.assertj.core.api.Assertions.assertThat;

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

}
