package io.strand.grpc.autoconfigure.security;

import java.io.InputStream;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;

import io.grpc.BindableService;
import io.grpc.CallOptions;
import io.grpc.ClientInterceptors;
import io.grpc.MethodDescriptor;
import io.grpc.ServerServiceDefinition;
import io.grpc.Status;
import io.grpc.Status.Code;
import io.grpc.stub.ServerCalls;
import io.strand.grpc.security.GrpcCallDetails;
import io.strand.grpc.security.GrpcSecurity;
import io.strand.grpc.security.GrpcSecurityPolicy;
import io.strand.grpc.testing.EchoGrpc;
import io.strand.grpc.testing.EchoService;
import io.strand.grpc.testing.LeakCheckExtension;
import io.strand.grpc.testing.Message;
import io.strand.grpc.testing.Outcome;
import io.strand.grpc.testing.TestClient;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import org.springframework.boot.actuate.audit.AuditEvent;
import org.springframework.boot.actuate.audit.AuditEventRepository;
import org.springframework.boot.actuate.audit.InMemoryAuditEventRepository;
import org.springframework.boot.actuate.autoconfigure.audit.AuditAutoConfiguration;
import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.autoconfigure.aop.AopAutoConfiguration;
import org.springframework.boot.security.autoconfigure.SecurityAutoConfiguration;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
import org.springframework.context.ApplicationEventPublisher;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.event.EventListener;
import org.springframework.context.ApplicationContext;
import org.springframework.security.authentication.AuthenticationManager;
import org.springframework.security.authentication.BadCredentialsException;
import org.springframework.security.authentication.DefaultAuthenticationEventPublisher;
import org.springframework.security.authentication.ProviderManager;
import org.springframework.security.authentication.dao.DaoAuthenticationProvider;
import org.springframework.security.authentication.event.AbstractAuthenticationFailureEvent;
import org.springframework.security.authorization.event.AuthorizationDeniedEvent;
import org.springframework.security.core.AuthenticationException;
import org.springframework.security.core.userdetails.UserDetailsService;
import org.springframework.security.oauth2.jwt.BadJwtException;
import org.springframework.security.oauth2.jwt.JwtDecoder;

import static io.strand.grpc.autoconfigure.security.SecuredContext.basic;
import static io.strand.grpc.autoconfigure.security.SecuredContext.call;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;
import static org.awaitility.Awaitility.await;

/**
 * Tests for what follows from a refusal: an audit event, no decoding, and in the end a
 * closed door.
 */
@ExtendWith({ LeakCheckExtension.class, OutputCaptureExtension.class })
class RefusalTests {

	private final ApplicationContextRunner runner = SecuredContext.runner()
		.withConfiguration(AutoConfigurations.of(AuditAutoConfiguration.class, SecurityAutoConfiguration.class,
				AopAutoConfiguration.class))
		.withUserConfiguration(SecuredContext.Users.class)
		.withBean(AuditEventRepository.class, InMemoryAuditEventRepository::new);

	private ApplicationContextRunner clerksOnly() {
		return policy((grpc) -> grpc.authorizeCalls((calls) -> calls.anyCall().hasRole("CLERK")).build())
			.withBean(EchoService.class);
	}

	private ApplicationContextRunner policy(Function<GrpcSecurity, GrpcSecurityPolicy> policy) {
		return SecuredContext.withPolicy(this.runner, policy);
	}

	private static List<AuditEvent> audit(ApplicationContext context) {
		return context.getBean(AuditEventRepository.class).find(null, null, null);
	}

	@Test
	void eachRefusalIsAuditedOnce() {
		clerksOnly().run((context) -> {
			try (TestClient client = SecuredContext.client(context)) {
				assertThat(call(client, basic("ann", "secret")).status().isOk()).isTrue();
				assertThat(audit(context)).isEmpty();
				call(client, basic("ann", "wrong")).status();
				call(client, basic("bob", "a:b:c")).status();
				call(client).status();
				call(client, "Basic !").status();
				call(client, "Basic x", "Basic y").status();
			}
			assertThat(audit(context)).extracting(AuditEvent::getPrincipal, AuditEvent::getType)
				.containsExactly(tuple("ann", "AUTHENTICATION_FAILURE"), tuple("bob", "AUTHORIZATION_FAILURE"),
						tuple("anonymousUser", "AUTHORIZATION_FAILURE"), tuple("unknown", "AUTHENTICATION_FAILURE"),
						tuple("unknown", "AUTHENTICATION_FAILURE"));
			assertThat(audit(context)).allSatisfy((event) -> {
				GrpcCallDetails details = (GrpcCallDetails) event.getData().get("details");
				assertThat(details.method()).isEqualTo("strand.testing.Echo/Unary");
				assertThat(details.peer()).startsWith("127.0.0.1:");
			});
		});
	}

	@Test
	void managerThatPublishesItselfIsNotRepeated() {
		clerksOnly().withUserConfiguration(Publishing.class).run((context) -> {
			try (TestClient client = SecuredContext.client(context)) {
				call(client, basic("ann", "wrong")).status();
				call(client, basic("bob", "a:b:c")).status();
			}
			assertThat(audit(context)).filteredOn((event) -> event.getType().endsWith("FAILURE"))
				.extracting(AuditEvent::getPrincipal)
				.containsExactly("ann", "bob");
		});
	}

	@Test
	void tokensAreKeptOutOfTheLogAndTheAudit(CapturedOutput output) {
		clerksOnly().withBean(JwtDecoder.class, () -> (token) -> {
			throw new BadJwtException("An error occurred");
		}).run((context) -> {
			try (TestClient client = SecuredContext.client(context)) {
				assertThat(call(client, "Bearer sesame-1").status().getCode()).isEqualTo(Code.UNAUTHENTICATED);
				assertThat(call(client, basic("ann", "sesame-2")).status().getCode()).isEqualTo(Code.UNAUTHENTICATED);
			}
			assertThat(audit(context)).extracting(AuditEvent::getPrincipal).containsExactly("unknown", "ann");
			assertThat(audit(context).toString()).doesNotContain("sesame");
		});
		assertThat(output).contains("Refused ").doesNotContain("sesame");
	}

	@ParameterizedTest
	@ValueSource(strings = { "auto", "platform" })
	void callThatIsCancelledMeanwhileIsNobodysFault(String threading, CapturedOutput output) {
		CountDownLatch asked = new CountDownLatch(1);
		CountDownLatch interrupted = new CountDownLatch(1);
		clerksOnly().withPropertyValues("strand.server.handler.threading=" + threading)
			.withBean(AuthenticationManager.class, () -> (claimed) -> {
				asked.countDown();
				try {
					new CountDownLatch(1).await(30, TimeUnit.SECONDS);
				}
				catch (InterruptedException ex) {
					interrupted.countDown();
				}
				throw new IllegalStateException("No answer of the directory");
			})
			.run((context) -> {
				try (TestClient client = SecuredContext.client(context)) {
					Outcome outcome = call(client, basic("ann", "secret"));
					assertThat(asked.await(10, TimeUnit.SECONDS)).isTrue();
					outcome.cancel();
					assertThat(interrupted.await(10, TimeUnit.SECONDS)).isTrue();
				}
			});
		assertThat(output).doesNotContain("No answer of the directory").doesNotContain("ERROR");
	}

	@Test
	void listenerThatFailsDoesNotChangeTheAnswer(CapturedOutput output) {
		clerksOnly().withBean(FailingListener.class).run((context) -> {
			try (TestClient client = SecuredContext.client(context)) {
				assertThat(call(client, "Basic !").status().getCode()).isEqualTo(Code.UNAUTHENTICATED);
				assertThat(call(client, basic("ann", "wrong")).status().getCode()).isEqualTo(Code.UNAUTHENTICATED);
				assertThat(call(client, basic("bob", "a:b:c")).status().getCode()).isEqualTo(Code.PERMISSION_DENIED);
			}
		});
		assertThat(output).contains("could not be published", "I do not\\nlisten");
	}

	@Test
	void exceptionThatNobodyKnowsIsAuditedToo() {
		clerksOnly().withBean(AuthenticationManager.class, () -> (claimed) -> {
			throw new TiredException();
		}).run((context) -> {
			try (TestClient client = SecuredContext.client(context)) {
				assertThat(call(client, basic("ann", "secret")).status().getCode()).isEqualTo(Code.UNAUTHENTICATED);
			}
			assertThat(audit(context)).extracting(AuditEvent::getPrincipal).containsExactly("ann");
		});
	}

	@Test
	void checkThatFailsIsAuditedOnceWithoutItsReason(CapturedOutput output) {
		clerksOnly().withBean(AuthenticationManager.class, () -> (claimed) -> {
			throw new IllegalStateException("The directory is down: sesame");
		}).run((context) -> {
			try (TestClient client = SecuredContext.client(context)) {
				assertThat(call(client, basic("ann", "secret")).status().getCode()).isEqualTo(Code.INTERNAL);
			}
			assertThat(audit(context)).extracting(AuditEvent::getPrincipal, AuditEvent::getType)
				.containsExactly(tuple("ann", "AUTHENTICATION_FAILURE"));
			assertThat(audit(context).toString()).contains("Access could not be checked").doesNotContain("sesame");
		});
		assertThat(output).contains("The directory is down");
	}

	@Test
	void ruleThatFailsIsAuditedOnceWithItsCaller() {
		policy((grpc) -> grpc.authorizeCalls((calls) -> calls.anyCall().access((authentication, call) -> {
			throw new IllegalStateException("No good rule");
		})).build()).withBean(EchoService.class).run((context) -> {
			try (TestClient client = SecuredContext.client(context)) {
				assertThat(call(client, basic("ann", "secret")).status().getCode()).isEqualTo(Code.INTERNAL);
				assertThat(call(client).status().getCode()).isEqualTo(Code.INTERNAL);
			}
			assertThat(audit(context)).extracting(AuditEvent::getPrincipal, AuditEvent::getType)
				.containsExactly(tuple("ann", "AUTHORIZATION_FAILURE"),
						tuple("anonymousUser", "AUTHORIZATION_FAILURE"));
		});
	}

	@Test
	void whatAnnotationsDenyIsAuditedAndLogged(CapturedOutput output) {
		this.runner.withUserConfiguration(MethodSecurityTests.Methods.class)
			.withBean(MethodSecurityTests.ClerksEcho.class)
			.run((context) -> {
				try (TestClient client = SecuredContext.client(context)) {
					assertThat(call(client, basic("bob", "a:b:c")).status().getCode())
						.isEqualTo(Code.PERMISSION_DENIED);
				}
				assertThat(audit(context)).extracting(AuditEvent::getPrincipal, AuditEvent::getType)
					.containsExactly(tuple("bob", "AUTHORIZATION_FAILURE"));
			});
		assertThat(output).contains("ClerksEcho.unary(",
				" to 'bob', which calls strand.testing.Echo/Unary from /127.0.0.1:");
	}

	@ParameterizedTest
	@ValueSource(strings = { "auto", "platform", "event-loop" })
	void whatIsRefusedIsNotDecoded(String threading) {
		AtomicInteger decoded = new AtomicInteger();
		policy((grpc) -> grpc.authorizeCalls((calls) -> calls.anyCall().hasRole("CLERK")).build())
			.withBean(BindableService.class, () -> counting(decoded))
			.withPropertyValues("strand.server.handler.threading=" + threading)
			.run((context) -> {
				try (TestClient client = SecuredContext.client(context)) {
					for (String wrong : List.of(basic("bob", "a:b:c"), basic("ann", "wrong"), "Basic !")) {
						assertThat(call(client, wrong).status().isOk()).isFalse();
						Outcome stream = Outcome.of(
								ClientInterceptors.intercept(client.channel(), SecuredContext.with(wrong)),
								EchoGrpc.getBidiMethod(), CallOptions.DEFAULT, Message.getDefaultInstance(),
								Message.getDefaultInstance());
						assertThat(stream.status().getCode()).isIn(Code.UNAUTHENTICATED, Code.PERMISSION_DENIED);
					}
					assertThat(decoded).hasValue(0);
					assertThat(call(client, basic("ann", "secret")).status().isOk()).isTrue();
					assertThat(decoded).hasValue(1);
				}
			});
	}

	private static BindableService counting(AtomicInteger decoded) {
		return () -> ServerServiceDefinition.builder("strand.testing.Echo")
			.addMethod(counting(EchoGrpc.getUnaryMethod(), decoded),
					ServerCalls.asyncUnaryCall(new EchoService()::unary))
			.addMethod(counting(EchoGrpc.getBidiMethod(), decoded),
					ServerCalls.asyncBidiStreamingCall(new EchoService()::bidi))
			.build();
	}

	private static MethodDescriptor<Message, Message> counting(MethodDescriptor<Message, Message> method,
			AtomicInteger decoded) {
		MethodDescriptor.Marshaller<Message> marshaller = method.getRequestMarshaller();
		return method.toBuilder(new MethodDescriptor.Marshaller<Message>() {

			@Override
			public InputStream stream(Message message) {
				return marshaller.stream(message);
			}

			@Override
			public Message parse(InputStream stream) {
				decoded.incrementAndGet();
				return marshaller.parse(stream);
			}

		}, method.getResponseMarshaller()).build();
	}

	@Test
	void whoFailsTooOftenIsNotLookedAtAnyMore() {
		List<String> asked = new CopyOnWriteArrayList<>();
		clerksOnly()
			.withPropertyValues("strand.server.security.failed-attempts.max=3",
					"strand.server.security.failed-attempts.window=1h")
			.withBean(AuthenticationManager.class, () -> (claimed) -> {
				asked.add(claimed.getName());
				throw new BadCredentialsException("wrong");
			})
			.run((context) -> {
				try (TestClient client = SecuredContext.client(context)) {
					for (int i = 0; i < 3; i++) {
						assertThat(call(client, basic("ann", "wrong")).status().getCode())
							.isEqualTo(Code.UNAUTHENTICATED);
					}
					for (int i = 0; i < 5; i++) {
						Status refused = call(client, basic("ann", "secret")).status();
						assertThat(refused.getCode()).isEqualTo(Code.RESOURCE_EXHAUSTED);
						assertThat(refused.getDescription()).isEqualTo("Too many failed authentications");
					}
					assertThat(call(client).status().getCode()).isEqualTo(Code.UNAUTHENTICATED);
				}
				assertThat(asked).hasSize(3);
				await().untilAsserted(() -> assertThat(audit(context)).hasSize(9));
			});
	}

	@Test
	void withoutALimitNobodyIsLockedOut() {
		clerksOnly().run((context) -> {
			try (TestClient client = SecuredContext.client(context)) {
				for (int i = 0; i < 100; i++) {
					assertThat(call(client, basic("ann", "wrong")).status().getCode()).isEqualTo(Code.UNAUTHENTICATED);
				}
				assertThat(call(client, basic("ann", "secret")).status().isOk()).isTrue();
			}
		});
	}

	static class FailingListener {

		@EventListener({ AbstractAuthenticationFailureEvent.class, AuthorizationDeniedEvent.class })
		void listen() {
			throw new IllegalStateException("I do not\nlisten");
		}

	}

	static class TiredException extends AuthenticationException {

		TiredException() {
			super("I am tired");
		}

	}

	@Configuration(proxyBeanMethods = false)
	static class Publishing {

		@Bean
		AuthenticationManager manager(UserDetailsService users, ApplicationEventPublisher events) {
			ProviderManager manager = new ProviderManager(new DaoAuthenticationProvider(users));
			manager.setAuthenticationEventPublisher(new DefaultAuthenticationEventPublisher(events));
			return manager;
		}

	}

}
