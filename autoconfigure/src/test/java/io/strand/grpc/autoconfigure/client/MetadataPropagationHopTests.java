package io.strand.grpc.autoconfigure.client;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

import io.grpc.Context;
import io.grpc.Metadata;
import io.grpc.stub.MetadataUtils;
import io.grpc.stub.StreamObserver;
import io.strand.grpc.client.ChannelConfigurationException;
import io.strand.grpc.client.RecordingServer;
import io.strand.grpc.client.RecordingServer.RecordedCall;
import io.strand.grpc.server.GrpcServer;
import io.strand.grpc.service.GrpcService;
import io.strand.grpc.testing.EchoGrpc.EchoBlockingStub;
import io.strand.grpc.testing.EchoService;
import io.strand.grpc.testing.LeakCheckExtension;
import io.strand.grpc.testing.Message;
import io.strand.grpc.testing.StockGrpc;
import io.strand.grpc.testing.StockGrpc.StockImplBase;
import io.strand.grpc.testing.TestClient;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Headers on their way from a client through the application to another server, over real
 * connections.
 */
@ExtendWith(LeakCheckExtension.class)
class MetadataPropagationHopTests {

	private static final Metadata.Key<String> REQUEST_ID = Metadata.Key.of("x-request-id",
			Metadata.ASCII_STRING_MARSHALLER);

	private static final Metadata.Key<String> TENANT = Metadata.Key.of("tenant", Metadata.ASCII_STRING_MARSHALLER);

	private static final Metadata.Key<String> AUTHORIZATION = Metadata.Key.of("authorization",
			Metadata.ASCII_STRING_MARSHALLER);

	private static final Metadata.Key<byte[]> BAGGAGE = Metadata.Key.of("baggage-bin", Metadata.BINARY_BYTE_MARSHALLER);

	private RecordingServer behind;

	private ApplicationContextRunner runner;

	@BeforeEach
	void startServer() {
		this.behind = RecordingServer.start(new EchoService());
		this.runner = ClientContext.runner()
			.withUserConfiguration(Application.class)
			.withPropertyValues("strand.client.channels.echo.target=" + this.behind.target());
	}

	@AfterEach
	void stopServer() {
		this.behind.close();
	}

	@Test
	void listedHeadersGoAlongAndOthersDoNot() {
		RecordedCall call = call("", "strand.client.propagate-metadata=X-Request-ID,baggage-bin");
		assertThat(call.headers().getAll(REQUEST_ID)).containsExactly("7", "8");
		assertThat(call.headers().get(BAGGAGE)).asString(StandardCharsets.UTF_8).isEqualTo("sack");
		assertThat(call.headers().containsKey(TENANT)).isFalse();
		assertThat(call.headers().containsKey(AUTHORIZATION)).isFalse();
	}

	@Test
	void nothingGoesAlongIfNothingIsListed() {
		RecordedCall call = call("");
		assertThat(call.headers().containsKey(REQUEST_ID)).isFalse();
		assertThat(call.headers().containsKey(AUTHORIZATION)).isFalse();
	}

	@Test
	void credentialsGoAlongIfTheyAreListed() {
		assertThat(call("", "strand.client.propagate-metadata=authorization",
				"strand.client.channels.default.authentication.allow-plaintext=true")
			.headers()
			.get(AUTHORIZATION)).isEqualTo("Bearer secret");
	}

	@Test
	void whatTheCallSetsItselfIsLeftAlone() {
		RecordedCall call = call("own", "strand.client.propagate-metadata=x-request-id,tenant");
		assertThat(call.headers().getAll(REQUEST_ID)).containsExactly("own");
		assertThat(call.headers().get(TENANT)).isEqualTo("acme");
	}

	@Test
	void aChannelHasAListOfItsOwn() {
		RecordedCall call = call("", "strand.client.propagate-metadata=x-request-id",
				"strand.client.channels.echo.propagate-metadata=tenant");
		assertThat(call.headers().containsKey(REQUEST_ID)).isFalse();
		assertThat(call.headers().get(TENANT)).isEqualTo("acme");
	}

	@Test
	void aChannelMayPropagateNothing() {
		RecordedCall call = call("", "strand.client.propagate-metadata=x-request-id",
				"strand.client.channels.echo.propagate-metadata=");
		assertThat(call.headers().containsKey(REQUEST_ID)).isFalse();
	}

	@Test
	void aChannelInheritsTheListOfTheDefaultChannel() {
		RecordedCall call = call("", "strand.client.propagate-metadata=x-request-id",
				"strand.client.channels.default.propagate-metadata=tenant");
		assertThat(call.headers().containsKey(REQUEST_ID)).isFalse();
		assertThat(call.headers().get(TENANT)).isEqualTo("acme");
	}

	@Test
	void theyGoAlongFromAnotherThreadThatTheContextWasCarriedTo() {
		assertThat(call("other thread", "strand.client.propagate-metadata=tenant").headers().get(TENANT))
			.isEqualTo("acme");
	}

	@Test
	void callsThatAreMadeWithoutServingOneHaveNone() {
		this.runner.withPropertyValues("strand.client.propagate-metadata=tenant").run((context) -> {
			context.getBean(EchoBlockingStub.class).unary(Message.getDefaultInstance());
			assertThat(this.behind.lastCall().headers().containsKey(TENANT)).isFalse();
		});
	}

	@ParameterizedTest
	@ValueSource(strings = { "grpc-timeout", ":path", "x-*", "content-type" })
	void namesThatAreNoHeadersToSetAreRefusedAtTheStart(String name) {
		this.runner.withPropertyValues("strand.client.channels.echo.propagate-metadata=tenant," + name)
			.run((context) -> assertThat(context).getFailure()
				.rootCause()
				.satisfies((failure) -> assertThat(failure.toString())
					.contains("strand.client.channels.echo.propagate-metadata", name)));
	}

	@Test
	void theFailureSaysWhichPropertyIsWrong() {
		this.runner.withPropertyValues("strand.client.propagate-metadata=te")
			.run((context) -> assertThat(context).getFailure()
				.hasRootCauseInstanceOf(ChannelConfigurationException.class)
				.rootCause()
				.hasMessageContaining("strand.client.propagate-metadata"));
	}

	/** Calls the application, which calls the server behind it as the text says. */
	private RecordedCall call(String how, String... properties) {
		this.runner.withPropertyValues(properties).run((context) -> {
			try (TestClient client = TestClient.tcp(context.getBean(GrpcServer.class).getPort())) {
				Metadata headers = new Metadata();
				headers.put(REQUEST_ID, "7");
				headers.put(REQUEST_ID, "8");
				headers.put(TENANT, "acme");
				headers.put(AUTHORIZATION, "Bearer secret");
				headers.put(BAGGAGE, "sack".getBytes(StandardCharsets.UTF_8));
				StockGrpc.newBlockingStub(client.channel())
					.withInterceptors(MetadataUtils.newAttachHeadersInterceptor(headers))
					.withDeadlineAfter(10, TimeUnit.SECONDS)
					.reserve(Message.newBuilder().setText(how).build());
			}
		});
		List<RecordedCall> calls = this.behind.calls();
		assertThat(calls).hasSize(1);
		return calls.get(0);
	}

	@Configuration(proxyBeanMethods = false)
	static class Application {

		@Bean
		@GrpcService
		Relay relay(EchoBlockingStub echo) {
			return new Relay(echo);
		}

	}

	static class Relay extends StockImplBase {

		private final EchoBlockingStub echo;

		Relay(EchoBlockingStub echo) {
			this.echo = echo;
		}

		@Override
		public void reserve(Message request, StreamObserver<Message> responses) {
			responses.onNext(relay(request));
			responses.onCompleted();
		}

		private Message relay(Message request) {
			if (request.getText().equals("own")) {
				Metadata own = new Metadata();
				own.put(REQUEST_ID, "own");
				return this.echo.withInterceptors(MetadataUtils.newAttachHeadersInterceptor(own)).unary(request);
			}
			if (request.getText().equals("other thread")) {
				CompletableFuture<Message> answer = new CompletableFuture<>();
				new Thread(Context.current().wrap(() -> {
					answer.complete(this.echo.unary(request));
				})).start();
				return answer.orTimeout(10, TimeUnit.SECONDS).join();
			}
			return this.echo.unary(request);
		}

	}

}
