package com.example.shop;

import io.strand.grpc.autoconfigure.client.GrpcChannelConnectionDetails;
import io.strand.grpc.client.GrpcChannels;
import org.junit.jupiter.api.Test;

import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.test.context.SpringBootTest;
import org.springframework.boot.test.context.TestConfiguration;
import org.springframework.context.annotation.Bean;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * The guide's page about tests, where a bean says where a channel connects.
 */
@SpringBootTest(properties = "strand.server.port=0")
class ElsewhereTests {

	@Test
	void theBeanWins(@Autowired GrpcChannels channels) {
		assertThat(channels.channel("prices").authority()).isEqualTo("prices.test:4711");
	}

	@TestConfiguration(proxyBeanMethods = false)
	static class Elsewhere {

		// tag::details[]
		@Bean
		GrpcChannelConnectionDetails pricesInTest() {
			return GrpcChannelConnectionDetails.of("prices", "prices.test:4711");
		}
		// end::details[]

	}

}
