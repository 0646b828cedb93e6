package io.strand.grpc.autoconfigure.server;

import io.strand.grpc.server.GrpcServer;
import io.strand.grpc.server.LocalGrpcServerPort;
import io.strand.grpc.service.GrpcService;
import io.strand.grpc.testing.EchoService;
import io.strand.grpc.testing.LeakCheckExtension;
import io.strand.grpc.testing.TestClient;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.SpringBootConfiguration;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.boot.test.context.SpringBootTest;
import org.springframework.context.annotation.Bean;
import org.springframework.core.env.Environment;
import org.springframework.test.annotation.DirtiesContext;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Tests for {@link LocalGrpcServerPort}.
 */
@SpringBootTest(properties = "strand.server.port=0")
@ExtendWith(LeakCheckExtension.class)
@DirtiesContext
class LocalGrpcServerPortTests {

	@LocalGrpcServerPort
	private int port;

	@Test
	void isThePortOfTheServer(@Autowired GrpcServer server, @LocalGrpcServerPort int parameter) {
		assertThat(this.port).isPositive().isEqualTo(server.getPort()).isEqualTo(parameter);
	}

	@Test
	void isThePortThatCallsGoTo() {
		try (TestClient client = TestClient.tcp(this.port)) {
			assertThat(client.echo("hello")).isEqualTo("hello");
		}
	}

	@Test
	void isAPropertyOfTheEnvironment(@Autowired Environment environment) {
		assertThat(environment.getProperty("local.grpc.server.port", Integer.class)).isEqualTo(this.port);
	}

	@SpringBootConfiguration(proxyBeanMethods = false)
	@EnableAutoConfiguration
	static class Application {

		@Bean
		@GrpcService
		EchoService echo() {
			return new EchoService();
		}

	}

}
