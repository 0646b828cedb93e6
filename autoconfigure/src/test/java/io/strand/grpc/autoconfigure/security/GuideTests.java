package io.strand.grpc.autoconfigure.security;

import io.grpc.Metadata;
import io.grpc.Status.Code;
import io.strand.grpc.security.CertificateName;
import io.strand.grpc.security.GrpcSecurity;
import io.strand.grpc.security.GrpcSecurityPolicy;
import io.strand.grpc.testing.EchoGrpc;
import io.strand.grpc.testing.EchoService;
import io.strand.grpc.testing.LeakCheckExtension;
import io.strand.grpc.testing.TestClient;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.security.authentication.AuthenticationProvider;
import org.springframework.security.authentication.TestingAuthenticationProvider;
import org.springframework.security.authentication.TestingAuthenticationToken;
import org.springframework.security.authorization.AuthorizationDecision;

import static io.strand.grpc.autoconfigure.security.SecuredContext.basic;
import static org.assertj.core.api.Assertions.assertThat;

/**
 * Tests for what the guide shows of security.
 */
@ExtendWith(LeakCheckExtension.class)
class GuideTests {

	@Test
	void rules() {
		SecuredContext.runner()
			.withUserConfiguration(SecuredContext.Users.class, Rules.class)
			.withBean(EchoService.class)
			.run((context) -> {
				try (TestClient client = SecuredContext.client(context)) {
					assertThat(SecuredContext.call(client, EchoGrpc.getBidiMethod()).status().isOk()).isTrue();
					assertThat(SecuredContext.call(client, basic("ann", "secret")).status().isOk()).isTrue();
					assertThat(SecuredContext.call(client, basic("bob", "a:b:c")).status().getCode())
						.isEqualTo(Code.PERMISSION_DENIED);
				}
			});
	}

	@Test
	void moreWays() {
		SecuredContext.runner()
			.withUserConfiguration(MoreWays.class)
			.withBean(EchoService.class)
			.withBean(AuthenticationProvider.class, TestingAuthenticationProvider::new)
			.run((context) -> {
				try (TestClient client = SecuredContext.client(context)) {
					assertThat(SecuredContext.call(client).status().getCode()).isEqualTo(Code.UNAUTHENTICATED);
				}
			});
	}

	@Configuration(proxyBeanMethods = false)
	static class Rules {

		@Bean
		GrpcSecurityPolicy policy(GrpcSecurity grpc) {
			return grpc.httpBasic()
				.authorizeCalls((calls) -> calls.service("strand.testing.Echo")
					.hasRole("CLERK")
					.method("strand.testing.Echo/Bidi")
					.permitAll()
					.anyCall()
					.authenticated())
				.build();
		}

	}

	@Configuration(proxyBeanMethods = false)
	static class MoreWays {

		private static final Metadata.Key<String> API_KEY = Metadata.Key.of("api-key",
				Metadata.ASCII_STRING_MARSHALLER);

		@Bean
		GrpcSecurityPolicy policy(GrpcSecurity grpc, AuthenticationProvider apiKeys) {
			return grpc.mutualTls((certificates) -> certificates.principal(CertificateName.URI)) // spiffe://…
				.authentication((call, headers) -> {
					String key = headers.get(API_KEY);
					return (key != null) ? new TestingAuthenticationToken(key, key) : null;
				}, apiKeys)
				.authorizeCalls((calls) -> calls.anyCall()
					.access((caller, call) -> new AuthorizationDecision(
							caller.get().isAuthenticated() && call.headers().containsKey(API_KEY))))
				.build();
		}

	}

}
