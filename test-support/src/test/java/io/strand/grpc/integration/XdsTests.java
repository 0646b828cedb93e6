package io.strand.grpc.integration;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;

import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.health.v1.HealthCheckRequest;
import io.grpc.health.v1.HealthGrpc.HealthBlockingStub;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import org.springframework.boot.WebApplicationType;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatException;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.awaitility.Awaitility.await;

/**
 * Calls go where an xDS control plane says.
 */
class XdsTests {

	private static final Duration PATIENCE = Duration.ofSeconds(30);

	private final ControlPlane plane = new ControlPlane();

	private final Backend first = new Backend();

	private final Backend second = new Backend();

	@AfterEach
	void close() throws InterruptedException {
		this.plane.close();
		this.first.close();
		this.second.close();
	}

	@Test
	void trafficFollowsTheEndpointsAndNoCallIsLost() throws Exception {
		this.plane.publish(this.first);
		try (ConfigurableApplicationContext context = start(this.plane.bootstrap());
				Caller caller = new Caller(context.getBean(Shop.class).health)) {
			await().atMost(PATIENCE).until(() -> this.first.calls() > 10);
			assertThat(this.second.connections()).isZero();
			this.plane.publish(this.first, this.second);
			await().atMost(PATIENCE).until(() -> this.second.calls() > 10);
			assertThat(this.first.connections()).isEqualTo(1);
			this.plane.publish(this.second);
			await().atMost(PATIENCE).until(() -> isLeftAlone(this.first, this.second));
			assertThat(caller.failure()).isNull();
			assertThat(this.second.connections()).isEqualTo(1);
		}
	}

	@Test
	void aCallThatFindsNobodyNamesTheEndpoints() throws Exception {
		this.plane.publish(this.first, this.second);
		this.first.close();
		this.second.close();
		try (ConfigurableApplicationContext context = start(this.plane.bootstrap())) {
			HealthBlockingStub health = context.getBean(Shop.class).health;
			assertThatExceptionOfType(StatusRuntimeException.class)
				.isThrownBy(() -> health.check(HealthCheckRequest.getDefaultInstance()))
				.satisfies((ex) -> assertThat(ex.getStatus().getCode()).isEqualTo(Status.Code.UNAVAILABLE))
				.withMessageMatching(".*\\(channel 'default' to xds:///shop at (%1$s, %2$s|%2$s, %1$s): .*"
					.formatted(address(this.first), address(this.second)))
				.withMessageContaining("Connection refused");
			this.plane.publish(this.second);
			await().atMost(PATIENCE)
				.untilAsserted(() -> assertThatExceptionOfType(StatusRuntimeException.class)
					.isThrownBy(() -> health.check(HealthCheckRequest.getDefaultInstance()))
					.withMessageContaining("(channel 'default' to xds:///shop at 127.0.0.1:%d: ", this.second.port()));
		}
	}

	@Test
	void theBootstrapMayBeAResource(@TempDir Path directory) throws Exception {
		this.plane.publish(this.first);
		Path file = Files.writeString(directory.resolve("xds.json"), this.plane.bootstrap());
		try (ConfigurableApplicationContext context = start(file.toUri().toString())) {
			context.getBean(Shop.class).health.withWaitForReady().check(HealthCheckRequest.getDefaultInstance());
			assertThat(this.first.calls()).isEqualTo(1);
		}
	}

	@Test
	void aBootstrapThatMakesNoSenseIsRefused() {
		assertThatException().isThrownBy(() -> start("{\"node\": {}}"))
			.havingRootCause()
			.withMessageStartingWith("The xDS bootstrap of strand.client.xds.bootstrap is not valid.")
			.withMessageContaining("xds_servers");
		assertThatException().isThrownBy(() -> start("{not JSON"))
			.havingRootCause()
			.withMessageStartingWith("The xDS bootstrap of strand.client.xds.bootstrap is not valid. It is not JSON");
		assertThatException().isThrownBy(() -> start("classpath:missing.json"))
			.havingRootCause()
			.withMessageStartingWith(
					"The xDS bootstrap 'classpath:missing.json' of strand.client.xds.bootstrap cannot");
	}

	private static String address(Backend backend) {
		return "127.0.0.1:" + backend.port();
	}

	/**
	 * Whether one gets no call while the other gets some.
	 */
	private static boolean isLeftAlone(Backend one, Backend other) {
		int before = one.calls();
		int until = other.calls() + 20;
		await().atMost(PATIENCE).until(() -> other.calls() > until);
		return one.calls() == before;
	}

	private static ConfigurableApplicationContext start(String bootstrap) {
		return new SpringApplicationBuilder(Application.class).web(WebApplicationType.NONE)
			.properties("strand.client.channels.default.target=xds:///shop", "eureka.client.enabled=false")
			.run("--strand.client.xds.bootstrap=" + bootstrap);
	}

	@Configuration(proxyBeanMethods = false)
	@EnableAutoConfiguration
	static class Application {

		@Bean
		Shop shop(HealthBlockingStub health) {
			return new Shop(health);
		}

	}

	record Shop(HealthBlockingStub health) {

	}

}
