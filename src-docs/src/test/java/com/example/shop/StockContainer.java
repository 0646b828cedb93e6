package com.example.shop;

import org.testcontainers.containers.GenericContainer;

import org.springframework.boot.test.context.TestConfiguration;
import org.springframework.boot.testcontainers.service.connection.ServiceConnection;
import org.springframework.context.annotation.Bean;

// tag::container[]
@TestConfiguration(proxyBeanMethods = false)
class StockContainer {

	@Bean
	@ServiceConnection("grpc")
	GenericContainer<?> stockServer() {
		return new GenericContainer<>("example/stock:1").withExposedPorts(9090)
			.withLabel("strand.grpc.channel", "stock");
	}

}
// end::container[]
