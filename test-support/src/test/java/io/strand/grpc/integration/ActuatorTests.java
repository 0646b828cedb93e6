package io.strand.grpc.integration;

import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;

import com.jayway.jsonpath.DocumentContext;
import com.jayway.jsonpath.JsonPath;
import io.grpc.ManagedChannel;
import io.grpc.ManagedChannelBuilder;
import io.grpc.Status;
import io.grpc.stub.StreamObserver;
import io.grpc.testing.integration.Messages.SimpleRequest;
import io.grpc.testing.integration.Messages.SimpleResponse;
import io.grpc.testing.integration.TestServiceGrpc;
import io.grpc.testing.integration.TestServiceGrpc.TestServiceImplBase;
import io.strand.grpc.server.GrpcServer;
import org.junit.jupiter.api.Test;

import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.awaitility.Awaitility.await;

/**
 * The endpoint {@code grpc} as it is found on the web: its paths, its JSON, and what it
 * does only if it may.
 */
class ActuatorTests {

	private static final Duration PATIENCE = Duration.ofSeconds(30);

	private final HttpClient http = HttpClient.newHttpClient();

	@Test
	void serverCallsAndChannelsAreReadAndNothingIsChangedByDefault() throws Exception {
		try (ConfigurableApplicationContext context = start()) {
			Blocking service = context.getBean(Blocking.class);
			ManagedChannel channel = channel(context);
			try {
				Future<SimpleResponse> call = TestServiceGrpc.newFutureStub(channel)
					.unaryCall(SimpleRequest.getDefaultInstance());
				assertThat(service.entered.await(30, TimeUnit.SECONDS)).isTrue();
				DocumentContext all = JsonPath.parse(get(context, "").body());
				int port = context.getBean(GrpcServer.class).getPort();
				assertThat(all.read("$.server.addresses[0]", String.class)).contains(String.valueOf(port));
				assertThat(all.read("$.server.threading", String.class)).isIn("virtual", "platform");
				assertThat(all.read("$.server.runningCalls", Integer.class)).isEqualTo(1);
				assertThat(all.read("$.server.waitingCalls", Integer.class)).isZero();
				assertThat(all.<List<Object>>read("$.server.limits[?(@.name == 'server')].limit")).containsExactly(50);
				assertThat(all.<List<Object>>read(
						"$.server.services[?(@.name == 'grpc.testing.TestService')].methods[?(@.name == 'UnaryCall')].type"))
					.containsExactly("unary");
				assertThat(all.read("$.calls.total", Integer.class)).isEqualTo(1);
				assertThat(all.read("$.calls.oldest[0].method", String.class))
					.isEqualTo("grpc.testing.TestService/UnaryCall");
				assertThat(all.read("$.calls.oldest[0].state", String.class)).isEqualTo("running");
				assertThat(all.read("$.calls.oldest[0].ageMillis", Long.class)).isNotNegative();
				assertThat(all.<List<Object>>read("$.channels[?(@.name == 'stock')].target"))
					.containsExactly("static://127.0.0.1:1");
				assertThat(all.<List<Object>>read("$.channels[?(@.name == 'stock')].state")).containsExactly("IDLE");
				int id = all.read("$.calls.oldest[0].id", Integer.class);
				DocumentContext one = JsonPath.parse(get(context, "/calls/" + id).body());
				assertThat(one.<List<String>>read("$.stack")).anyMatch((line) -> line.contains("CountDownLatch"));
				assertThat(get(context, "/server").statusCode()).isEqualTo(200);
				assertThat(get(context, "/other").statusCode()).isEqualTo(404);
				assertThat(get(context, "/calls/4711").statusCode()).isEqualTo(404);
				assertThat(delete(context, "/calls/" + id).statusCode()).isEqualTo(405);
				assertThat(post(context, "/drain").statusCode()).isEqualTo(405);
				service.open.countDown();
				call.get(30, TimeUnit.SECONDS);
				assertThat(JsonPath.parse(send(context, "/actuator/info", "GET").body())
					.<List<String>>read("$.grpc.server.services")).contains("grpc.testing.TestService");
			}
			finally {
				channel.shutdownNow();
			}
		}
	}

	@Test
	void withFullAccessCallsAreCancelledAndTheServerIsDrained() throws Exception {
		try (ConfigurableApplicationContext context = start("management.endpoint.grpc.access=unrestricted",
				"management.endpoint.health.probes.enabled=true")) {
			Blocking service = context.getBean(Blocking.class);
			ManagedChannel channel = channel(context);
			try {
				Future<SimpleResponse> call = TestServiceGrpc.newFutureStub(channel)
					.unaryCall(SimpleRequest.getDefaultInstance());
				assertThat(service.entered.await(30, TimeUnit.SECONDS)).isTrue();
				int id = JsonPath.read(get(context, "/calls").body(), "$.oldest[0].id");
				HttpResponse<String> cancelled = delete(context, "/calls/" + id);
				assertThat(cancelled.statusCode()).isEqualTo(200);
				assertThat(JsonPath.<Boolean>read(cancelled.body(), "$.cancelled")).isTrue();
				assertThatExceptionOfType(Exception.class).isThrownBy(() -> call.get(30, TimeUnit.SECONDS))
					.satisfies((ex) -> assertThat(Status.fromThrowable(ex).getCode()).isEqualTo(Status.Code.CANCELLED));
				await().atMost(PATIENCE).until(() -> service.interrupted.getCount() == 0);
				assertThat(send(context, "/actuator/health/readiness", "GET").statusCode()).isEqualTo(200);
				assertThat(post(context, "/drain").statusCode()).isEqualTo(204);
				assertThat(send(context, "/actuator/health/readiness", "GET").statusCode()).isEqualTo(503);
				assertThat(send(context, "/actuator/health/liveness", "GET").statusCode()).isEqualTo(200);
				assertThat(post(context, "/other").statusCode()).isEqualTo(400);
			}
			finally {
				channel.shutdownNow();
			}
		}
	}

	private static ConfigurableApplicationContext start(String... properties) {
		return new SpringApplicationBuilder(Application.class)
			.properties("server.port=0", "strand.server.port=0", "eureka.client.enabled=false",
					"strand.server.limits.max-concurrent-calls=50",
					"management.endpoints.web.exposure.include=grpc,info,health",
					"strand.client.channels.stock.target=static://127.0.0.1:1")
			.properties(properties)
			.run();
	}

	private static ManagedChannel channel(ConfigurableApplicationContext context) {
		return ManagedChannelBuilder.forAddress("localhost", context.getBean(GrpcServer.class).getPort())
			.usePlaintext()
			.build();
	}

	private HttpResponse<String> get(ConfigurableApplicationContext context, String path) throws Exception {
		return send(context, "/actuator/grpc" + path, "GET");
	}

	private HttpResponse<String> delete(ConfigurableApplicationContext context, String path) throws Exception {
		return send(context, "/actuator/grpc" + path, "DELETE");
	}

	private HttpResponse<String> post(ConfigurableApplicationContext context, String path) throws Exception {
		return send(context, "/actuator/grpc" + path, "POST");
	}

	private HttpResponse<String> send(ConfigurableApplicationContext context, String path, String method)
			throws Exception {
		URI uri = URI.create("http://localhost:" + context.getEnvironment().getProperty("local.server.port") + path);
		return this.http.send(
				HttpRequest.newBuilder(uri).method(method, BodyPublishers.noBody()).timeout(PATIENCE).build(),
				BodyHandlers.ofString());
	}

	@Configuration(proxyBeanMethods = false)
	@EnableAutoConfiguration
	static class Application {

		@Bean
		Blocking service() {
			return new Blocking();
		}

	}

	/** Answers when it is told to. */
	static class Blocking extends TestServiceImplBase {

		final CountDownLatch entered = new CountDownLatch(1);

		final CountDownLatch open = new CountDownLatch(1);

		final CountDownLatch interrupted = new CountDownLatch(1);

		@Override
		public void unaryCall(SimpleRequest request, StreamObserver<SimpleResponse> responses) {
			this.entered.countDown();
			try {
				if (this.open.await(30, TimeUnit.SECONDS)) {
					responses.onNext(SimpleResponse.getDefaultInstance());
					responses.onCompleted();
				}
			}
			catch (InterruptedException ex) {
				this.interrupted.countDown();
			}
		}

	}

}
