package com.example.shop;

import java.time.Duration;
import java.time.Instant;

import io.grpc.CallCredentials;
import io.strand.grpc.client.credentials.AccessToken;
import io.strand.grpc.client.credentials.AuthorizationCredentials;

import org.springframework.stereotype.Component;

// tag::call[]
@Component
class Returns {

	private final StockGrpc.StockBlockingStub stock;

	Returns(StockGrpc.StockBlockingStub stock) {
		this.stock = stock;
	}

	String bringBack(Item item, String customersToken) {
		return this.stock.withCallCredentials(AuthorizationCredentials.bearer(customersToken)).reserve(item).getText();
	}

	// end::call[]
	// tag::source[]
	private final CallCredentials robots = AuthorizationCredentials.bearer(() -> {
		String token = askTheVault();
		return new AccessToken(token, Instant.now().plus(Duration.ofMinutes(5)));
	});

	String bringBackByRobot(Item item) {
		return this.stock.withCallCredentials(this.robots).reserve(item).getText();
	}
	// end::source[]

	private static String askTheVault() {
		return "from-the-vault";
	}
	// tag::call[]

}
// end::call[]
