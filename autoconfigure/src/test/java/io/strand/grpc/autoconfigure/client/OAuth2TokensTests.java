package io.strand.grpc.autoconfigure.client;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Base64;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.strand.grpc.client.ChannelConfigurationException;
import io.strand.grpc.client.RecordingServer;
import io.strand.grpc.client.credentials.TokenSource;
import io.strand.grpc.testing.ConcurrentRun;
import io.strand.grpc.testing.EchoGrpc.EchoBlockingStub;
import io.strand.grpc.testing.EchoService;
import io.strand.grpc.testing.LeakCheckExtension;
import io.strand.grpc.testing.Message;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.mockito.BDDMockito;

import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.security.oauth2.client.autoconfigure.OAuth2ClientAutoConfiguration;
import org.springframework.boot.test.context.FilteredClassLoader;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
import org.springframework.security.oauth2.client.AuthorizedClientServiceOAuth2AuthorizedClientManager;
import org.springframework.security.oauth2.client.OAuth2AuthorizedClientManager;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

/**
 * Access tokens from an authorization server of which there is little more than the token
 * endpoint.
 */
@ExtendWith({ LeakCheckExtension.class, OutputCaptureExtension.class })
class OAuth2TokensTests {

	private static final String PROPERTY = "strand.client.channels.echo.authentication.oauth2-registration";

	private static final Message MESSAGE = Message.newBuilder().setText("hello").build();

	private final List<String> requests = new CopyOnWriteArrayList<>();

	private final CountDownLatch gate = new CountDownLatch(1);

	private final RecordingServer server = RecordingServer.inProcess("oauth2-tests", new EchoService());

	private HttpServer authorizationServer;

	private volatile int status = 200;

	private volatile int expiresIn = 3600;

	private volatile boolean gated;

	@BeforeEach
	void start() throws IOException {
		this.authorizationServer = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
		this.authorizationServer.createContext("/token", this::answer);
		this.authorizationServer.start();
	}

	@AfterEach
	void close() {
		this.gate.countDown();
		this.authorizationServer.stop(0);
		this.server.close();
	}

	private void answer(HttpExchange exchange) throws IOException {
		String request = new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8);
		this.requests.add(exchange.getRequestHeaders().getFirst("Authorization") + " " + request);
		if (this.gated) {
			try {
				this.gate.await();
			}
			catch (InterruptedException ex) {
				Thread.currentThread().interrupt();
			}
		}
		String body = (this.status == 200)
				? "{\"access_token\": \"t%d\", \"token_type\": \"Bearer\", \"expires_in\": %d}"
					.formatted(this.requests.size(), this.expiresIn)
				: "{\"error\": \"%s\"}".formatted((this.status < 500) ? "invalid_client" : "server_error");
		byte[] bytes = body.getBytes(StandardCharsets.UTF_8);
		exchange.getResponseHeaders().set("Content-Type", "application/json");
		exchange.sendResponseHeaders(this.status, bytes.length);
		try (var out = exchange.getResponseBody()) {
			out.write(bytes);
		}
	}

	@Test
	void theTokenIsFetchedOnceAndSentWithEveryCall() {
		runner().run((context) -> {
			EchoBlockingStub stub = context.getBean(Caller.class).stub;
			assertThat(this.requests).isEmpty();
			stub.unary(MESSAGE);
			stub.unary(MESSAGE);
			assertThat(this.server.calls()).hasSize(2)
				.allSatisfy((call) -> assertThat(call.header("authorization")).isEqualTo("Bearer t1"));
			String basic = Base64.getEncoder().encodeToString("shop:s3cret".getBytes(StandardCharsets.UTF_8));
			assertThat(this.requests).singleElement().satisfies((request) -> {
				assertThat(request).startsWith("Basic " + basic);
				assertThat(request).contains("grant_type=client_credentials");
			});
		});
	}

	@Test
	void callsAtOnceFetchOneToken() {
		runner().run((context) -> {
			EchoBlockingStub stub = context.getBean(Caller.class).stub;
			ConcurrentRun.of(16, (index) -> stub.unary(MESSAGE)).join(Duration.ofSeconds(30));
			assertThat(this.requests).hasSize(1);
		});
	}

	@Test
	void anExpiredTokenIsReplaced() {
		// Within a minute of its expiry a token counts as expired
		this.expiresIn = 30;
		runner().run((context) -> {
			EchoBlockingStub stub = context.getBean(Caller.class).stub;
			stub.unary(MESSAGE);
			this.expiresIn = 3600;
			stub.unary(MESSAGE);
			assertThat(this.server.lastCall().header("authorization")).isEqualTo("Bearer t2");
			stub.unary(MESSAGE);
			assertThat(this.requests).hasSize(2);
		});
	}

	@Test
	void aCallWaitsForItsTokenNoLongerThanItsDeadline() {
		this.gated = true;
		runner().run((context) -> {
			EchoBlockingStub stub = context.getBean(Caller.class).stub;
			assertThatExceptionOfType(StatusRuntimeException.class)
				.isThrownBy(() -> stub.withDeadlineAfter(Duration.ofMillis(100)).unary(MESSAGE))
				.satisfies((ex) -> assertThat(ex.getStatus().getCode()).isEqualTo(Status.Code.DEADLINE_EXCEEDED));
			this.gate.countDown();
			stub.unary(MESSAGE);
			assertThat(this.requests).hasSize(1);
		});
	}

	@Test
	void aRefusalIsUnauthenticatedAndAFailureUnavailable() {
		runner().run((context) -> {
			EchoBlockingStub stub = context.getBean(Caller.class).stub;
			this.status = 400;
			assertFails(stub, Status.Code.UNAUTHENTICATED, "invalid_client");
			this.status = 401;
			assertFails(stub, Status.Code.UNAUTHENTICATED, "401 Unauthorized");
			this.status = 503;
			assertFails(stub, Status.Code.UNAVAILABLE,
					"The authorization server of the registration 'stock' did not answer with a token");
			this.status = 200;
			stub.unary(MESSAGE);
			assertThat(this.server.calls()).hasSize(1);
			assertThat(this.requests).hasSize(4);
		});
	}

	@Test
	void anAuthorizationServerThatIsDownIsUnavailable() {
		this.authorizationServer.stop(0);
		runner().run((context) -> assertFails(context.getBean(Caller.class).stub, Status.Code.UNAVAILABLE, "'stock'"));
	}

	@Test
	void aTokenThatWasRefusedIsNotTakenFromWhereItWasKept() {
		runner().run((context) -> {
			TokenSource tokens = OAuth2Tokens.of(PROPERTY, "stock", context, null);
			assertThat(tokens.fetch().value()).isEqualTo("t1");
			assertThat(tokens.fetch().value()).isEqualTo("t1");
			assertThat(tokens.fetchAnew().value()).isEqualTo("t2");
			assertThat(tokens.fetch().value()).isEqualTo("t2");
		});
	}

	@Test
	void theManagerOfTheApplicationIsUsed() {
		AuthorizedClientServiceOAuth2AuthorizedClientManager mine = BDDMockito
			.mock(AuthorizedClientServiceOAuth2AuthorizedClientManager.class);
		runner().withBean("mine", AuthorizedClientServiceOAuth2AuthorizedClientManager.class, () -> mine)
			.run((context) -> {
				assertFails(context.getBean(Caller.class).stub, Status.Code.UNAUTHENTICATED,
						"does not support client credentials for the registration 'stock'");
				assertThat(this.requests).isEmpty();
			});
	}

	@Test
	void withoutJacksonSaysWhatThatCosts(CapturedOutput output) {
		runner().run((context) -> assertThat(output).doesNotContain("Jackson"));
		runner().withClassLoader(new FilteredClassLoader("tools.jackson", "com.fasterxml.jackson"))
			.run((context) -> assertThat(output).contains("WARN")
				.contains(PROPERTY + " is set, but Jackson is not on the class path"));
	}

	@Test
	void mistakesAreToldAtStart() {
		assertInvalid(runner().withPropertyValues(PROPERTY + "=stok"),
				"There is no OAuth 2.0 client registration 'stok', which " + PROPERTY + " names. Define it under"
						+ " spring.security.oauth2.client.registration, or correct the name.");
		assertInvalid(
				runner().withPropertyValues("spring.security.oauth2.client.registration.login.provider=google",
						"spring.security.oauth2.client.registration.login.client-id=shop", PROPERTY + "=login"),
				"The OAuth 2.0 client registration 'login', which " + PROPERTY + " names, is for the grant type"
						+ " authorization_code, which needs a user. Name one with authorization-grant-type:"
						+ " client_credentials.");
		assertInvalid(runner().withClassLoader(new FilteredClassLoader(OAuth2AuthorizedClientManager.class)),
				PROPERTY + " needs Spring Security's OAuth 2.0 support, which is not on the class path. Add"
						+ " org.springframework.boot:spring-boot-starter-security-oauth2-client, or remove the"
						+ " property.");
		assertInvalid(ClientContext.runner()
			.withPropertyValues("strand.client.channels.echo.target=in-process:oauth2-tests", PROPERTY + "=stock"),
				"There is no OAuth 2.0 client registration 'stock', which " + PROPERTY + " names. Define it under"
						+ " spring.security.oauth2.client.registration, or correct the name.");
	}

	private ApplicationContextRunner runner() {
		String client = "spring.security.oauth2.client.";
		return ClientContext.runner()
			.withConfiguration(AutoConfigurations.of(OAuth2ClientAutoConfiguration.class))
			.withPropertyValues(client + "registration.stock.provider=test",
					client + "registration.stock.client-id=shop", client + "registration.stock.client-secret=s3cret",
					client + "registration.stock.authorization-grant-type=client_credentials",
					client + "provider.test.token-uri=http://localhost:%d/token"
						.formatted(this.authorizationServer.getAddress().getPort()))
			.withPropertyValues("strand.client.channels.echo.target=in-process:oauth2-tests", PROPERTY + "=stock")
			.withBean(Caller.class);
	}

	private static void assertFails(EchoBlockingStub stub, Status.Code code, String description) {
		assertThatExceptionOfType(StatusRuntimeException.class).isThrownBy(() -> stub.unary(MESSAGE))
			.satisfies((ex) -> {
				assertThat(ex.getStatus().getCode()).as(ex.getStatus().toString()).isEqualTo(code);
				assertThat(ex.getStatus().getDescription()).contains(description).doesNotContain("s3cret");
			});
	}

	private static void assertInvalid(ApplicationContextRunner runner, String message) {
		runner.run((context) -> assertThat(context).getFailure()
			.rootCause()
			.isInstanceOf(ChannelConfigurationException.class)
			.hasMessage(message));
	}

	static class Caller {

		final EchoBlockingStub stub;

		Caller(EchoBlockingStub stub) {
			this.stub = stub;
		}

	}

}
