package io.strand.grpc.autoconfigure.security;

import io.grpc.Status.Code;
import io.grpc.health.v1.HealthCheckRequest;
import io.grpc.health.v1.HealthCheckResponse.ServingStatus;
import io.grpc.health.v1.HealthGrpc;
import io.grpc.reflection.v1.ServerReflectionGrpc;
import io.grpc.reflection.v1.ServerReflectionRequest;
import io.grpc.stub.BlockingClientCall;
import io.micrometer.core.instrument.MeterRegistry;
import io.strand.grpc.server.LocalGrpcServerPort;
import io.strand.grpc.testing.EchoGrpc;
import io.strand.grpc.testing.LeakCheckExtension;
import io.strand.grpc.testing.TestClient;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.boot.test.context.SpringBootTest;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Import;
import org.springframework.test.annotation.DirtiesContext;

import static io.strand.grpc.autoconfigure.security.SecuredContext.basic;
import static io.strand.grpc.autoconfigure.security.SecuredContext.call;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

/**
 * Tests for the security of an application with all that Strand and Spring Boot configure
 * by themselves.
 */
@ExtendWith(LeakCheckExtension.class)
@SpringBootTest(properties = { "strand.server.port=0", "strand.server.security.enabled=true",
		"strand.server.reflection.enabled=true" })
@DirtiesContext
class SecuredApplicationTests {

	@Test
	void annotationsRulesHealthAndMeasurementsWorkTogether(@LocalGrpcServerPort int port,
			@Autowired MeterRegistry meters) {
		try (TestClient client = TestClient.tcp(port)) {
			assertThat(HealthGrpc.newBlockingStub(client.channel())
				.check(HealthCheckRequest.getDefaultInstance())
				.getStatus()).isEqualTo(ServingStatus.SERVING);
			assertThat(call(client, basic("ann", "secret")).status().isOk()).isTrue();
			assertThat(call(client, basic("bob", "a:b:c")).status().getCode()).isEqualTo(Code.PERMISSION_DENIED);
			assertThat(call(client, EchoGrpc.getBidiMethod(), "Basic !").status().getCode())
				.isEqualTo(Code.UNAUTHENTICATED);
			assertThat(call(client).status().getCode()).isEqualTo(Code.UNAUTHENTICATED);
			BlockingClientCall<ServerReflectionRequest, ?> reflection = ServerReflectionGrpc
				.newBlockingV2Stub(client.channel())
				.serverReflectionInfo();
			assertThatThrownBy(reflection::read).hasMessageContaining("UNAUTHENTICATED");
		}
		await().untilAsserted(() -> {
			assertThat(meters.get("grpc.server").tag("grpc.status_code", "UNAUTHENTICATED").timers()).isNotEmpty();
			assertThat(meters.get("grpc.server").tag("grpc.status_code", "PERMISSION_DENIED").timers()).isNotEmpty();
		});
	}

	@Configuration(proxyBeanMethods = false)
	@EnableAutoConfiguration
	@Import({ SecuredContext.Users.class, MethodSecurityTests.Methods.class, MethodSecurityTests.ClerksEcho.class })
	static class Application {

	}

}
