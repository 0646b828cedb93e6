package io.strand.grpc.autoconfigure.security;

import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Function;

import io.grpc.BindableService;
import io.grpc.ClientInterceptors;
import io.grpc.MethodDescriptor.MethodType;
import io.grpc.ServerBuilder;
import io.grpc.ServerInterceptor;
import io.grpc.ServerServiceDefinition;
import io.grpc.Status;
import io.grpc.Status.Code;
import io.grpc.health.v1.HealthCheckRequest;
import io.grpc.health.v1.HealthGrpc;
import io.grpc.protobuf.services.HealthStatusManager;
import io.grpc.stub.StreamObserver;
import io.strand.grpc.security.GrpcSecurity;
import io.strand.grpc.security.GrpcSecurityInterceptor;
import io.strand.grpc.security.GrpcSecurityPolicy;
import io.strand.grpc.security.InvalidGrpcSecurityException;
import io.strand.grpc.server.GrpcServerBuilderCustomizer;
import io.strand.grpc.server.GrpcServerStartException;
import io.strand.grpc.server.InvalidGrpcServiceException;
import io.strand.grpc.service.GrpcService;
import io.strand.grpc.testing.CounterService;
import io.strand.grpc.testing.EchoGrpc;
import io.strand.grpc.testing.EchoService;
import io.strand.grpc.testing.LeakCheckExtension;
import io.strand.grpc.testing.Message;
import io.strand.grpc.testing.TestClient;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import org.springframework.beans.factory.support.DefaultListableBeanFactory;
import org.springframework.boot.test.context.FilteredClassLoader;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.security.access.hierarchicalroles.RoleHierarchy;
import org.springframework.security.access.hierarchicalroles.RoleHierarchyImpl;
import org.springframework.security.authentication.AuthenticationManager;
import org.springframework.security.authentication.AuthenticationProvider;
import org.springframework.security.authentication.TestingAuthenticationToken;
import org.springframework.security.authentication.UsernamePasswordAuthenticationToken;
import org.springframework.security.authorization.AuthorizationDecision;
import org.springframework.security.core.Authentication;
import org.springframework.security.core.context.SecurityContextHolder;
import org.springframework.security.core.userdetails.UserDetailsService;
import org.springframework.security.oauth2.jwt.JwtDecoder;
import org.springframework.security.oauth2.server.resource.authentication.BearerTokenAuthenticationToken;
import org.springframework.security.oauth2.server.resource.introspection.OpaqueTokenIntrospector;
import org.springframework.security.provisioning.InMemoryUserDetailsManager;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

/**
 * Tests for {@link GrpcSecurityAutoConfiguration}.
 */
@ExtendWith({ LeakCheckExtension.class, OutputCaptureExtension.class })
class GrpcSecurityAutoConfigurationTests {

	private final ApplicationContextRunner runner = SecuredContext.runner().withUserConfiguration(Served.class);

	@Test
	void withoutAnythingAllIsDeniedButHealthAndTheLogTellsHowToOpenIt(CapturedOutput output) {
		this.runner.run((context) -> {
			try (TestClient client = SecuredContext.client(context)) {
				Status none = SecuredContext.call(client).status();
				assertThat(none.getCode()).isEqualTo(Code.PERMISSION_DENIED);
				assertThat(none.getDescription()).isEqualTo("Access denied");
				assertThat(SecuredContext.call(client, SecuredContext.basic("ann", "secret")).status().getCode())
					.isEqualTo(Code.PERMISSION_DENIED);
				assertThat(health(client)).isTrue();
				assertThat(context.getBean(EchoOf.class).callers).isEmpty();
			}
		});
		assertThat(output).containsOnlyOnce("every gRPC call is denied but health checks")
			.contains("WARN", "strand.server.security.enabled=false", "GrpcSecurityPolicy");
	}

	@Test
	void serviceThatNoRuleSeesKeepsTheServerFromStarting() {
		this.runner.withUserConfiguration(AddingCustomizer.class)
			.run((context) -> assertThat(context).getFailure()
				.rootCause()
				.isInstanceOf(InvalidGrpcServiceException.class)
				.hasMessageContaining("strand.testing.Counter")
				.hasMessageContaining("anybody could call")
				.hasMessageContaining("@GrpcService"));
		this.runner.withUserConfiguration(AddingCustomizer.class)
			.withPropertyValues("strand.server.security.enabled=false")
			.run((context) -> assertThat(context).hasNotFailed());
	}

	@Configuration(proxyBeanMethods = false)
	static class AddingCustomizer {

		@Bean
		GrpcServerBuilderCustomizer<ServerBuilder<?>> adding() {
			return (builder) -> builder.addService(new CounterService());
		}

	}

	private static boolean health(TestClient client) {
		return HealthGrpc.newBlockingStub(client.channel())
			.check(HealthCheckRequest.getDefaultInstance())
			.isInitialized();
	}

	@Test
	void disabledItLetsEverybodyIn() {
		this.runner.withPropertyValues("strand.server.security.enabled=false").run((context) -> {
			assertThat(context).doesNotHaveBean(GrpcSecurityInterceptor.class);
			try (TestClient client = SecuredContext.client(context)) {
				assertThat(client.echo("hello")).isEqualTo("hello");
			}
		});
	}

	@Test
	void policyThatIsNotAppliedIsNotLostSilently(CapturedOutput output) {
		policy((grpc) -> grpc.authorizeCalls((calls) -> calls.anyCall().denyAll()).build())
			.withPropertyValues("strand.server.security.enabled=false")
			.run((context) -> {
				try (TestClient client = SecuredContext.client(context)) {
					assertThat(client.echo("hello")).isEqualTo("hello");
				}
			});
		assertThat(output).contains("WARN", "The GrpcSecurityPolicy bean is not applied");
	}

	@Test
	void withoutSpringSecurityThereIsNone() {
		this.runner.withClassLoader(new FilteredClassLoader("org.springframework.security")).run((context) -> {
			assertThat(context).hasNotFailed().doesNotHaveBean(GrpcSecurityAutoConfiguration.class);
			try (TestClient client = SecuredContext.client(context)) {
				assertThat(client.echo("hello")).isEqualTo("hello");
			}
		});
	}

	@Test
	void withoutServerThereIsNoneEither() {
		SecuredContext.runner()
			.run((context) -> assertThat(context).hasNotFailed()
				.doesNotHaveBean(GrpcSecurityPolicy.class)
				.hasSingleBean(GrpcSecurity.class));
	}

	@Test
	void usersOfTheApplicationAreEnough(CapturedOutput output) {
		this.runner.withUserConfiguration(SecuredContext.Users.class).run((context) -> {
			try (TestClient client = SecuredContext.client(context)) {
				assertThat(SecuredContext.call(client, SecuredContext.basic("ann", "secret")).status().isOk()).isTrue();
				assertThat(SecuredContext.call(client, SecuredContext.basic("bob", "a:b:c")).status().isOk()).isTrue();
				Status wrong = SecuredContext.call(client, SecuredContext.basic("ann", "wrong")).status();
				assertThat(wrong.getCode()).isEqualTo(Code.UNAUTHENTICATED);
				assertThat(wrong.getDescription()).isEqualTo("Authentication failed");
				Status none = SecuredContext.call(client).status();
				assertThat(none.getCode()).isEqualTo(Code.UNAUTHENTICATED);
				assertThat(none.getDescription()).isEqualTo("Authentication required");
				assertThat(health(client)).isTrue();
				assertThat(context.getBean(EchoOf.class).callers).containsExactly("ann", "bob");
			}
		});
		assertThat(output).contains("gRPC calls are authenticated by HTTP basic")
			.contains("Refused strand.testing.Echo/Unary from ", "with user 'ann': Bad credentials");
	}

	@Test
	void anAuthenticationManagerIsEnough() {
		this.runner
			.withBean(AuthenticationManager.class,
					() -> (claimed) -> new TestingAuthenticationToken(claimed.getName(), "", "ROLE_ANY"))
			.run((context) -> {
				try (TestClient client = SecuredContext.client(context)) {
					assertThat(SecuredContext.call(client, SecuredContext.basic("x", "")).status().isOk()).isTrue();
				}
			});
	}

	@Test
	void anAuthenticationProviderIsEnoughIfItKnowsPasswords() {
		this.runner.withUserConfiguration(Providers.class).run((context) -> {
			try (TestClient client = SecuredContext.client(context)) {
				assertThat(SecuredContext.call(client, SecuredContext.basic("x", "")).status().isOk()).isTrue();
				assertThat(SecuredContext.call(client, "Bearer x").status().getCode()).isEqualTo(Code.UNAUTHENTICATED);
			}
		});
	}

	@Test
	void rulesOfMethodsGoBeforeThoseOfServicesWhateverTheirOrder() {
		policy((grpc) -> grpc
			.authorizeCalls((calls) -> calls.anyCall()
				.denyAll()
				.service("strand.testing.Echo")
				.hasRole("CLERK")
				.method("strand.testing.Echo/ServerStream")
				.permitAll()
				.method(EchoGrpc.getBidiMethod())
				.hasAnyAuthority("ROLE_GUEST", "ROLE_OTHER")
				.method(EchoGrpc.getClientStreamMethod())
				.access((caller,
						call) -> new AuthorizationDecision(call.headers().containsKey(SecuredContext.AUTHORIZATION)
								&& call.method().getFullMethodName().endsWith("ClientStream"))))
			.build()).run((context) -> {
				String ann = SecuredContext.basic("ann", "secret");
				String bob = SecuredContext.basic("bob", "a:b:c");
				try (TestClient client = SecuredContext.client(context)) {
					assertThat(code(client, "Unary", ann)).isEqualTo(Code.OK);
					assertThat(code(client, "Unary", bob)).isEqualTo(Code.PERMISSION_DENIED);
					assertThat(code(client, "Unary")).isEqualTo(Code.UNAUTHENTICATED);
					assertThat(code(client, "ServerStream")).isEqualTo(Code.OK);
					assertThat(code(client, "ServerStream", "Basic nonsense")).isEqualTo(Code.UNAUTHENTICATED);
					assertThat(code(client, "Bidi", bob)).isEqualTo(Code.OK);
					assertThat(code(client, "Bidi", ann)).isEqualTo(Code.PERMISSION_DENIED);
					assertThat(code(client, "ClientStream", bob)).isEqualTo(Code.OK);
					assertThat(code(client, "ClientStream")).isEqualTo(Code.UNAUTHENTICATED);
					assertThat(health(client)).isTrue();
				}
			});
	}

	@Test
	void whatNoRuleIsForIsDenied() {
		policy((grpc) -> grpc.authorizeCalls((calls) -> calls.method("strand.testing.Echo/Unary").authenticated())
			.build()).run((context) -> {
				try (TestClient client = SecuredContext.client(context)) {
					String ann = SecuredContext.basic("ann", "secret");
					assertThat(code(client, "Unary", ann)).isEqualTo(Code.OK);
					assertThat(code(client, "Bidi", ann)).isEqualTo(Code.PERMISSION_DENIED);
				}
			});
	}

	@Test
	void healthIsClosedByARuleThatNamesIt() {
		policy((grpc) -> grpc
			.authorizeCalls((calls) -> calls.service("grpc.health.v1.Health").authenticated().anyCall().permitAll())
			.build()).run((context) -> {
				try (TestClient client = SecuredContext.client(context)) {
					assertThat(code(client, "Unary")).isEqualTo(Code.OK);
					assertThat(Status.fromThrowable(catchThrowable(() -> health(client))).getCode())
						.isEqualTo(Code.UNAUTHENTICATED);
				}
			});
	}

	@Test
	void healthChecksWorkWhenAuthenticationDoesNot() {
		this.runner.withBean(AuthenticationManager.class, () -> (claimed) -> {
			throw new IllegalStateException("down");
		}).run((context) -> {
			try (TestClient client = SecuredContext.client(context)) {
				assertThat(HealthGrpc
					.newBlockingStub(ClientInterceptors.intercept(client.channel(),
							SecuredContext.with(SecuredContext.basic("ann", "secret"))))
					.check(HealthCheckRequest.getDefaultInstance())
					.isInitialized()).isTrue();
			}
		});
	}

	@Test
	void rolesHaveTheHierarchyOfTheApplication() {
		policy((grpc) -> grpc.authorizeCalls((calls) -> calls.anyCall().hasRole("GUEST")).build())
			.withBean(RoleHierarchy.class, () -> RoleHierarchyImpl.fromHierarchy("ROLE_CLERK > ROLE_GUEST"))
			.run((context) -> {
				try (TestClient client = SecuredContext.client(context)) {
					assertThat(code(client, "Unary", SecuredContext.basic("ann", "secret"))).isEqualTo(Code.OK);
				}
			});
	}

	@ParameterizedTest
	@CsvSource({ "strand.testing.Ecco, strand.testing.Echo", "strand.testing.echo, strand.testing.Echo",
			"grpc.health.v1.Helth, grpc.health.v1.Health" })
	void ruleForAServiceThatIsNotServedIsRefused(String wrong, String right) {
		policy((grpc) -> grpc.authorizeCalls((calls) -> calls.service(wrong).permitAll()).build())
			.run((context) -> assertThat(context).getFailure()
				.rootCause()
				.isInstanceOf(InvalidGrpcSecurityException.class)
				.hasMessageContaining("service(\"%s\"), did you mean \"%s\"?", wrong, right));
	}

	@Test
	void allRulesForMethodsThatAreNotServedAreToldAtOnce() {
		policy((grpc) -> grpc
			.authorizeCalls((calls) -> calls.method("strand.testing.Echo/Unari")
				.permitAll()
				.method("no.Such/Thing")
				.permitAll()
				.method("grpc.reflection.v1.ServerReflection/ServerReflectionInfo")
				.permitAll())
			.build())
			.run((context) -> assertThat(context).getFailure()
				.rootCause()
				.hasMessageContaining(
						"method(\"strand.testing.Echo/Unari\"), did you mean \"strand.testing.Echo/Unary\"?")
				.hasMessageContaining("method(\"no.Such/Thing\")")
				.message()
				.doesNotContain("reflection"));
	}

	@Test
	void mistakesOfRulesAreRefused() {
		refused((grpc) -> grpc.authorizeCalls((calls) -> calls.anyCall().permitAll().anyCall().denyAll()).build(),
				"two rules for anyCall()");
		refused((grpc) -> grpc.authorizeCalls((calls) -> calls.service("a").permitAll().service("a").denyAll()).build(),
				"two rules for service(\"a\")");
		refused((grpc) -> grpc.authorizeCalls((calls) -> calls.service("a/B").permitAll()).build(),
				"Write method(\"a/B\")");
		refused((grpc) -> grpc.authorizeCalls((calls) -> calls.method("a.B").permitAll()).build(),
				"method(\"a.B\") names no method");
		refused((grpc) -> grpc.jwt().build(), "JwtDecoder");
		refused((grpc) -> grpc.opaqueToken().build(), "OpaqueTokenIntrospector");
		refused((grpc) -> grpc.mutualTls((certificates) -> certificates.principal()).build(), "from no name");
	}

	private void refused(Function<GrpcSecurity, GrpcSecurityPolicy> policy, String message) {
		policy(policy).run((context) -> assertThat(context).getFailure()
			.rootCause()
			.isInstanceOf(InvalidGrpcSecurityException.class)
			.hasMessageContaining(message));
	}

	@Test
	void basicWithoutUsersIsRefused() {
		this.runner
			.withBean(GrpcSecurityPolicy.class,
					() -> new GrpcSecurity(new DefaultListableBeanFactory()).httpBasic().build())
			.run((context) -> assertThat(context).getFailure().rootCause().hasMessageContaining("UserDetailsService"));
	}

	@Test
	void twoKindsOfBearerTokensAreRefused() {
		this.runner.withBean(JwtDecoder.class, () -> (token) -> {
			throw new UnsupportedOperationException();
		}).withBean(OpaqueTokenIntrospector.class, () -> (token) -> {
			throw new UnsupportedOperationException();
		})
			.run((context) -> assertThat(context).getFailure()
				.rootCause()
				.isInstanceOf(InvalidGrpcSecurityException.class)
				.hasMessageContaining("both would check bearer tokens"));
	}

	@Test
	void twoBeansOfOneKindAreRefused() {
		this.runner.withUserConfiguration(SecuredContext.Users.class)
			.withBean("more", UserDetailsService.class, InMemoryUserDetailsManager::new)
			.run((context) -> assertThat(context).getFailure()
				.rootCause()
				.isInstanceOf(InvalidGrpcSecurityException.class)
				.hasMessageContainingAll("UserDetailsService", "users", "more", "@Primary"));
	}

	@Test
	void serviceThatOptsOutOfAllInterceptorsIsRefused() {
		SecuredContext.runner()
			.withUserConfiguration(OptedOutOfAll.class)
			.run((context) -> assertThat(context).getFailure()
				.rootCause()
				.isInstanceOf(InvalidGrpcSecurityException.class)
				.hasMessageContaining("everybody could call strand.testing.Echo"));
	}

	@Test
	void serviceThatOptsOutByNameIsOpenAndTheLogSaysSo(CapturedOutput output) {
		SecuredContext.runner().withUserConfiguration(OptedOut.class).run((context) -> {
			try (TestClient client = SecuredContext.client(context)) {
				assertThat(client.echo("hello")).isEqualTo("hello");
			}
		});
		assertThat(output).contains("Open to everybody, as they opt out: strand.testing.Echo");
	}

	@ParameterizedTest
	@ValueSource(strings = { "strand.server.security.failed-attempts.max=-1",
			"strand.server.security.failed-attempts.window=0s" })
	void badPropertiesAreRefused(String property) {
		this.runner.withPropertyValues(property)
			.run((context) -> assertThat(context).getFailure()
				.rootCause()
				.isInstanceOf(GrpcServerStartException.class)
				.hasMessageContaining(property.substring(0, property.indexOf('='))));
	}

	@Test
	void ownInterceptorReplacesThatOfStrand() {
		this.runner
			.withBean(GrpcSecurityPolicy.class,
					() -> new GrpcSecurity(new DefaultListableBeanFactory())
						.authorizeCalls((calls) -> calls.anyCall().permitAll())
						.build())
			.run((context) -> {
				assertThat(context).hasSingleBean(GrpcSecurityPolicy.class);
				try (TestClient client = SecuredContext.client(context)) {
					assertThat(client.echo("hello")).isEqualTo("hello");
				}
			});
	}

	private ApplicationContextRunner policy(Function<GrpcSecurity, GrpcSecurityPolicy> policy) {
		return SecuredContext.withPolicy(this.runner.withUserConfiguration(SecuredContext.Users.class), policy);
	}

	private static Code code(TestClient client, String method, String... authorization) {
		return SecuredContext
			.call(client,
					SecuredContext.UNARY.toBuilder()
						.setFullMethodName("strand.testing.Echo/" + method)
						.setType(MethodType.UNKNOWN)
						.build(),
					authorization)
			.status()
			.getCode();
	}

	@Configuration(proxyBeanMethods = false)
	static class Served {

		@Bean
		EchoOf echo() {
			return new EchoOf();
		}

		@Bean
		BindableService health() {
			return new HealthStatusManager().getHealthService();
		}

	}

	static class EchoOf implements BindableService {

		final List<String> callers = new CopyOnWriteArrayList<>();

		@Override
		public ServerServiceDefinition bindService() {
			return new EchoService() {

				@Override
				public void unary(Message request, StreamObserver<Message> responses) {
					Authentication caller = SecurityContextHolder.getContext().getAuthentication();
					EchoOf.this.callers.add((caller != null) ? caller.getName() : "nobody");
					super.unary(request, responses);
				}

			}.bindService();
		}

	}

	@GrpcService(excludedInterceptors = ServerInterceptor.class)
	static class OptedOutOfAll extends EchoService {

	}

	@GrpcService(excludedInterceptors = GrpcSecurityInterceptor.class)
	static class OptedOut extends EchoService {

	}

	@Configuration(proxyBeanMethods = false)
	static class Providers {

		@Bean
		AuthenticationProvider passwords() {
			return new Believing(UsernamePasswordAuthenticationToken.class);
		}

		@Bean
		AuthenticationProvider tokens() {
			return new Believing(BearerTokenAuthenticationToken.class);
		}

	}

	record Believing(Class<?> type) implements AuthenticationProvider {

		@Override
		public Authentication authenticate(Authentication claimed) {
			return new TestingAuthenticationToken(claimed.getName(), "", "ROLE_ANY");
		}

		@Override
		public boolean supports(Class<?> claimed) {
			return this.type == claimed;
		}

	}

}
