package com.example.shop;

import java.util.Base64;

import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.strand.grpc.server.GrpcGlobalServerInterceptor;
import org.junit.jupiter.api.Test;

import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.test.context.SpringBootTest;
import org.springframework.boot.test.context.TestConfiguration;
import org.springframework.context.annotation.Import;
import org.springframework.test.context.ActiveProfiles;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

/**
 * The guide's page about the client's security.
 */
@SpringBootTest(properties = { "strand.server.port=0", "STOCK_PASSWORD=s3cret" })
@ActiveProfiles("credentials")
class ClientSecurityTests {

	private static final Item TEA = Item.newBuilder().setName("tea").setPieces(1).build();

	@Test
	void credentials(@Autowired StockGrpc.StockBlockingStub stock, @Autowired Returns returns,
			@Autowired Listening server) {
		stock.reserve(TEA);
		assertThat(server.authorization)
			.isEqualTo("Basic " + Base64.getEncoder().encodeToString("checkout:s3cret".getBytes(UTF_8)));
		returns.bringBack(TEA, "anns");
		assertThat(server.authorization).isEqualTo("Bearer anns");
		returns.bringBackByRobot(TEA);
		assertThat(server.authorization).isEqualTo("Bearer from-the-vault");
	}

	/**
	 * Remembers who the last caller said to be.
	 */
	@GrpcGlobalServerInterceptor
	static class Listening implements ServerInterceptor {

		private volatile String authorization;

		@Override
		public <Q, A> ServerCall.Listener<Q> interceptCall(ServerCall<Q, A> call, Metadata headers,
				ServerCallHandler<Q, A> next) {
			this.authorization = headers.get(Metadata.Key.of("authorization", Metadata.ASCII_STRING_MARSHALLER));
			return next.startCall(call, headers);
		}

	}

	@TestConfiguration(proxyBeanMethods = false)
	@Import(Listening.class)
	static class Interceptors {

	}

}
