package io.strand.grpc.integration;

import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;

import io.grpc.health.v1.HealthGrpc.HealthBlockingStub;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

import org.springframework.boot.WebApplicationType;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.cloud.netflix.eureka.server.EnableEurekaServer;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * Calls go where a Eureka server says, which Spring Cloud's DiscoveryClient asks.
 */
class EurekaTests {

	private static final Duration PATIENCE = Duration.ofSeconds(60);

	private final HttpClient http = HttpClient.newHttpClient();

	private final Backend first = new Backend();

	private final Backend second = new Backend();

	@AfterEach
	void close() throws InterruptedException {
		this.first.close();
		this.second.close();
	}

	@Test
	void trafficFollowsTheInstancesAndNoCallIsLost() throws Exception {
		try (ConfigurableApplicationContext eureka = startEureka()) {
			String registry = "http://localhost:%s/eureka/"
				.formatted(eureka.getEnvironment().getProperty("local.server.port"));
			register(registry, this.first);
			try (ConfigurableApplicationContext context = startClient(registry);
					Caller caller = new Caller(context.getBean(Shop.class).health)) {
				await().atMost(PATIENCE).until(() -> this.first.calls() > 10);
				assertThat(this.second.connections()).isZero();
				register(registry, this.second);
				await().atMost(PATIENCE).until(() -> this.second.calls() > 10);
				assertThat(this.first.connections()).isEqualTo(1);
				deregister(registry, this.first);
				await().atMost(PATIENCE).until(() -> isLeftAlone(this.first, this.second));
				assertThat(caller.failure()).isNull();
				assertThat(this.second.connections()).isEqualTo(1);
			}
		}
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

	/**
	 * As an instance does that has a web server too, on another port.
	 */
	private void register(String registry, Backend backend) throws Exception {
		String instance = """
				{"instance": {"instanceId": "%d", "hostName": "localhost", "app": "SHOP", "ipAddr": "127.0.0.1",
				 "vipAddress": "shop", "status": "UP", "port": {"$": 1, "@enabled": "true"},
				 "dataCenterInfo": {"@class": "com.netflix.appinfo.InstanceInfo$DefaultDataCenterInfo",
				 "name": "MyOwn"}, "metadata": {"gRPC_port": "%d"}}}""".formatted(backend.port(), backend.port());
		send(HttpRequest.newBuilder(URI.create(registry + "apps/SHOP"))
			.header("Content-Type", "application/json")
			.POST(BodyPublishers.ofString(instance)));
	}

	private void deregister(String registry, Backend backend) throws Exception {
		send(HttpRequest.newBuilder(URI.create(registry + "apps/SHOP/" + backend.port())).DELETE());
	}

	private void send(HttpRequest.Builder request) throws Exception {
		assertThat(this.http.send(request.timeout(PATIENCE).build(), BodyHandlers.ofString()).statusCode())
			.isBetween(200, 299);
	}

	private static ConfigurableApplicationContext startEureka() {
		return new SpringApplicationBuilder(EurekaServer.class)
			.properties("server.port=0", "eureka.client.register-with-eureka=false",
					"eureka.client.fetch-registry=false",
					// itself, so that it looks for no other
					"eureka.instance.hostname=localhost",
					"eureka.client.service-url.defaultZone=http://localhost:1/eureka/",
					"eureka.server.use-read-only-response-cache=false", "eureka.dashboard.enabled=false",
					"strand.client.enabled=false", "strand.server.enabled=false")
			.run();
	}

	private static ConfigurableApplicationContext startClient(String registry) {
		return new SpringApplicationBuilder(Client.class).web(WebApplicationType.NONE)
			.properties("eureka.client.service-url.defaultZone=" + registry, "eureka.client.register-with-eureka=false",
					"eureka.client.registry-fetch-interval-seconds=1",
					"strand.client.channels.default.target=discovery:///shop",
					// Jersey is on the class path, but as the server's
					"eureka.client.jersey.enabled=false",
					// only what Eureka's client tells
					"strand.client.channels.default.refresh-interval=0")
			.run();
	}

	@Configuration(proxyBeanMethods = false)
	@EnableAutoConfiguration
	@EnableEurekaServer
	static class EurekaServer {

	}

	@Configuration(proxyBeanMethods = false)
	@EnableAutoConfiguration
	static class Client {

		@Bean
		Shop shop(HealthBlockingStub health) {
			return new Shop(health);
		}

	}

	record Shop(HealthBlockingStub health) {

	}

}
