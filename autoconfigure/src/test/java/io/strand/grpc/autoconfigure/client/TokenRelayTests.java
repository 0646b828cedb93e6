package io.strand.grpc.autoconfigure.client;

import java.time.Duration;
import java.time.Instant;
import java.util.Map;

import io.grpc.ForwardingServerCallListener.SimpleForwardingServerCallListener;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.stub.MetadataUtils;
import io.grpc.stub.StreamObserver;
import io.strand.grpc.client.ChannelConfigurationException;
import io.strand.grpc.client.RecordingServer;
import io.strand.grpc.server.GrpcGlobalServerInterceptor;
import io.strand.grpc.server.GrpcServer;
import io.strand.grpc.testing.ConcurrentRun;
import io.strand.grpc.testing.CounterGrpc;
import io.strand.grpc.testing.EchoGrpc.EchoBlockingStub;
import io.strand.grpc.testing.EchoService;
import io.strand.grpc.testing.LeakCheckExtension;
import io.strand.grpc.testing.Message;
import io.strand.grpc.testing.TestClient;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

import org.springframework.boot.test.context.FilteredClassLoader;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.security.authentication.AnonymousAuthenticationToken;
import org.springframework.security.authentication.TestingAuthenticationToken;
import org.springframework.security.core.Authentication;
import org.springframework.security.core.authority.AuthorityUtils;
import org.springframework.security.core.context.SecurityContextHolder;
import org.springframework.security.core.context.SecurityContextImpl;
import org.springframework.security.oauth2.core.DefaultOAuth2AuthenticatedPrincipal;
import org.springframework.security.oauth2.core.OAuth2AccessToken;
import org.springframework.security.oauth2.core.OAuth2AccessToken.TokenType;
import org.springframework.security.oauth2.core.OAuth2Token;
import org.springframework.security.oauth2.server.resource.authentication.BearerTokenAuthentication;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * The token of the caller that is being served is carried on.
 */
@ExtendWith(LeakCheckExtension.class)
class TokenRelayTests {

	private static final Metadata.Key<String> USER = Metadata.Key.of("user", Metadata.ASCII_STRING_MARSHALLER);

	private static final Message MESSAGE = Message.newBuilder().setText("hello").build();

	private final RecordingServer server = RecordingServer.inProcess("token-relay-tests", new EchoService());

	private final ApplicationContextRunner runner = ClientContext.runner()
		.withPropertyValues("strand.client.channels.echo.target=in-process:token-relay-tests",
				"strand.client.channels.echo.authentication.token-relay=true");

	@AfterEach
	void close() {
		SecurityContextHolder.clearContext();
		this.server.close();
	}

	@Test
	void theTokenInTheContextOfTheThreadIsSent() {
		this.runner.withBean(Caller.class).run((context) -> {
			EchoBlockingStub stub = context.getBean(Caller.class).stub;
			authenticate(bearer("ann"));
			stub.unary(MESSAGE);
			assertThat(this.server.lastCall().header("authorization")).isEqualTo("Bearer token-of-ann");
		});
	}

	@Test
	void whoHasNoTokenSendsNone() {
		this.runner.withBean(Caller.class).run((context) -> {
			EchoBlockingStub stub = context.getBean(Caller.class).stub;
			stub.unary(MESSAGE);
			authenticate(new TestingAuthenticationToken("ann", "password", "USER"));
			stub.unary(MESSAGE);
			authenticate(
					new AnonymousAuthenticationToken("key", "anonymous", AuthorityUtils.createAuthorityList("NONE")));
			stub.unary(MESSAGE);
			BearerTokenAuthentication refused = bearer("ann");
			refused.setAuthenticated(false);
			authenticate(refused);
			stub.unary(MESSAGE);
			assertThat(this.server.calls()).hasSize(4)
				.allSatisfy((call) -> assertThat(call.header("authorization")).isNull());
		});
	}

	@Test
	void eachCallThatIsServedCarriesOnTheTokenOfItsOwnCaller() {
		this.runner.withUserConfiguration(Forward.class, Login.class).run((context) -> {
			int port = context.getBean(GrpcServer.class).getPort();
			ConcurrentRun.of(8, (index) -> {
				try (TestClient client = TestClient.tcp(port)) {
					Metadata headers = new Metadata();
					headers.put(USER, "user-" + index);
					CounterGrpc.CounterBlockingStub stub = CounterGrpc.newBlockingStub(client.channel())
						.withInterceptors(MetadataUtils.newAttachHeadersInterceptor(headers));
					for (int i = 0; i < 50; i++) {
						stub.next(Message.newBuilder().setText("user-" + index).build());
					}
				}
			}).join(Duration.ofMinutes(1));
			assertThat(this.server.calls()).hasSize(400)
				.allSatisfy((call) -> assertThat(call.header("authorization"))
					.isEqualTo("Bearer token-of-" + call.header("expected")));
		});
	}

	@Test
	void withoutSpringSecuritySaysWhatIsMissing() {
		this.runner.withClassLoader(new FilteredClassLoader(OAuth2Token.class))
			.run((context) -> assertThat(context).getFailure()
				.rootCause()
				.isInstanceOf(ChannelConfigurationException.class)
				.hasMessage("strand.client.channels.echo.authentication.token-relay needs Spring Security's OAuth 2.0"
						+ " support, which is not on the class path. Add"
						+ " org.springframework.boot:spring-boot-starter-security-oauth2-resource-server, or remove the"
						+ " property."));
	}

	@Test
	void otherCredentialsNeedNoSpringSecurity() {
		ClientContext.runner()
			.withClassLoader(new FilteredClassLoader("org.springframework.security"))
			.withPropertyValues("strand.client.channels.echo.target=in-process:token-relay-tests",
					"strand.client.channels.echo.authentication.token=fixed")
			.withBean(Caller.class)
			.run((context) -> {
				context.getBean(Caller.class).stub.unary(MESSAGE);
				assertThat(this.server.lastCall().header("authorization")).isEqualTo("Bearer fixed");
			});
	}

	private static void authenticate(Authentication authentication) {
		SecurityContextHolder.setContext(new SecurityContextImpl(authentication));
	}

	private static BearerTokenAuthentication bearer(String user) {
		OAuth2AccessToken token = new OAuth2AccessToken(TokenType.BEARER, "token-of-" + user, Instant.now(),
				Instant.now().plusSeconds(60));
		return new BearerTokenAuthentication(
				new DefaultOAuth2AuthenticatedPrincipal(Map.of("sub", user), AuthorityUtils.NO_AUTHORITIES), token,
				AuthorityUtils.NO_AUTHORITIES);
	}

	static class Caller {

		final EchoBlockingStub stub;

		Caller(EchoBlockingStub stub) {
			this.stub = stub;
		}

	}

	/** Calls on for whom it serves. */
	static class Forward extends CounterGrpc.CounterImplBase {

		private static final Metadata.Key<String> EXPECTED = Metadata.Key.of("expected",
				Metadata.ASCII_STRING_MARSHALLER);

		private final EchoBlockingStub stub;

		Forward(EchoBlockingStub stub) {
			this.stub = stub;
		}

		@Override
		public void next(Message request, StreamObserver<Message> responses) {
			Metadata headers = new Metadata();
			headers.put(EXPECTED, request.getText());
			responses
				.onNext(this.stub.withInterceptors(MetadataUtils.newAttachHeadersInterceptor(headers)).unary(request));
			responses.onCompleted();
		}

	}

	/** Believes what the client says. */
	@GrpcGlobalServerInterceptor
	static class Login implements ServerInterceptor {

		@Override
		public <Q, R> ServerCall.Listener<Q> interceptCall(ServerCall<Q, R> call, Metadata headers,
				ServerCallHandler<Q, R> next) {
			return new SimpleForwardingServerCallListener<>(next.startCall(call, headers)) {

				@Override
				public void onHalfClose() {
					authenticate(bearer(headers.get(USER)));
					try {
						super.onHalfClose();
					}
					finally {
						SecurityContextHolder.clearContext();
					}
				}

			};
		}

	}

}
