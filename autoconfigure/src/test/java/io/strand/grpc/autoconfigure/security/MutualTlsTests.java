package io.strand.grpc.autoconfigure.security;

import java.nio.file.Path;
import java.security.cert.X509Certificate;
import java.util.function.Function;

import io.grpc.ChannelCredentials;
import io.grpc.Status.Code;
import io.grpc.TlsChannelCredentials;
import io.strand.grpc.security.CertificateName;
import io.strand.grpc.security.ClientCertificates;
import io.strand.grpc.security.GrpcSecurity;
import io.strand.grpc.security.GrpcSecurityPolicy;
import io.strand.grpc.server.GrpcServer;
import io.strand.grpc.testing.LeakCheckExtension;
import io.strand.grpc.testing.Outcome;
import io.strand.grpc.testing.TestAuthority;
import io.strand.grpc.testing.TestClient;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
import org.springframework.context.ApplicationContext;
import org.springframework.security.core.authority.AuthorityUtils;
import org.springframework.security.core.userdetails.User;
import org.springframework.security.core.userdetails.UserDetailsService;
import org.springframework.security.provisioning.InMemoryUserDetailsManager;

import static io.strand.grpc.autoconfigure.security.SecuredContext.basic;
import static org.assertj.core.api.Assertions.assertThat;

/**
 * Tests for {@link ClientCertificates}.
 */
@ExtendWith({ LeakCheckExtension.class, OutputCaptureExtension.class })
class MutualTlsTests {

	@TempDir
	static Path directory;

	private static TestAuthority authority;

	private static Path server;

	private static Path spiffe;

	private static Path host;

	private static Path mail;

	private static Path nameless;

	@BeforeAll
	static void issue() {
		authority = TestAuthority.in(directory);
		server = authority.issue("server", "localhost");
		spiffe = authority.issueFor("spiffe", "dns:shop.example,uri:spiffe://example.org/shop");
		host = authority.issueFor("host", "dns:shop.example,email:shop@example.org");
		mail = authority.issueFor("mail", "email:shop@example.org");
		nameless = authority.issueFor("nameless", "ip:127.0.0.1");
	}

	private ApplicationContextRunner runner(String clientAuth, Function<GrpcSecurity, GrpcSecurityPolicy> policy) {
		return SecuredContext.withPolicy(SecuredContext.runner(), policy)
			.withUserConfiguration(SecuredContext.Users.class)
			.withBean(CredentialsTests.WhoAmI.class)
			.withPropertyValues(authority.bundleOf("server", server))
			.withPropertyValues("strand.server.ssl.bundle=server", "strand.server.ssl.client-auth=" + clientAuth);
	}

	private static TestClient client(ApplicationContext context, @Nullable Path identity) {
		TlsChannelCredentials.Builder credentials = TlsChannelCredentials.newBuilder()
			.trustManager(authority.trustManagers());
		ChannelCredentials both = (identity != null)
				? credentials.keyManager(TestAuthority.keyManagers(identity)).build() : credentials.build();
		return TestClient.tcp(context.getBean(GrpcServer.class).getPort(), both);
	}

	private static String name(ApplicationContext context, @Nullable Path identity, String... authorization) {
		try (TestClient client = client(context, identity)) {
			Outcome outcome = SecuredContext.call(client, authorization);
			return outcome.status().isOk() ? outcome.messages().get(0).getText() : outcome.status().getCode().name();
		}
	}

	@Test
	void clientIsNamedByUriElseHostElseMailAndByNothingElse(CapturedOutput output) {
		runner("need", (grpc) -> grpc.mutualTls().build()).run((context) -> {
			assertThat(name(context, spiffe)).isEqualTo("spiffe://example.org/shop");
			assertThat(name(context, host)).isEqualTo("shop.example");
			assertThat(name(context, mail)).isEqualTo("shop@example.org");
			assertThat(name(context, nameless)).isEqualTo("UNAUTHENTICATED");
		});
		assertThat(output).contains("The client's certificate for CN=nameless has no name of [URI, DNS, EMAIL]")
			.contains("gRPC calls are authenticated by mutual TLS");
	}

	@Test
	void applicationChoosesTheName() {
		runner("need", (grpc) -> grpc
			.mutualTls((certificates) -> certificates.principal(CertificateName.DNS, CertificateName.COMMON_NAME)
				.authorities((certificate) -> AuthorityUtils.createAuthorityList("of " + issuer(certificate))))
			.authorizeCalls((calls) -> calls.anyCall().hasAuthority("of CN=authority"))
			.build()).run((context) -> {
				assertThat(name(context, spiffe)).isEqualTo("shop.example of CN=authority");
				assertThat(name(context, nameless)).isEqualTo("nameless of CN=authority");
			});
	}

	private static String issuer(X509Certificate certificate) {
		return certificate.getIssuerX500Principal().getName();
	}

	@Test
	void usersOfCertificatesAreLookedUp() {
		UserDetailsService users = new InMemoryUserDetailsManager(
				User.withUsername("shop.example").password("").authorities("orders").build(),
				User.withUsername("shop@example.org").password("").disabled(true).authorities("orders").build());
		runner("need", (grpc) -> grpc.mutualTls((certificates) -> certificates.users(users)).build()).run((context) -> {
			assertThat(name(context, host)).isEqualTo("shop.example orders");
			assertThat(name(context, mail)).isEqualTo("UNAUTHENTICATED");
			assertThat(name(context, spiffe)).isEqualTo("UNAUTHENTICATED");
		});
	}

	@Test
	void whoSendsAHeaderIsKnownByThatAndNobodyWithoutEither() {
		runner("want", (grpc) -> grpc.mutualTls().httpBasic().build()).run((context) -> {
			assertThat(name(context, host)).isEqualTo("shop.example");
			assertThat(name(context, host, basic("bob", "a:b:c"))).startsWith("bob");
			assertThat(name(context, null, basic("bob", "a:b:c"))).startsWith("bob");
			assertThat(name(context, host, basic("bob", "wrong"))).isEqualTo("UNAUTHENTICATED");
			assertThat(name(context, host, "Digest x")).isEqualTo("UNAUTHENTICATED");
			assertThat(name(context, null)).isEqualTo("UNAUTHENTICATED");
		});
	}

	@Test
	void headerThatNobodyReadsDoesNoHarm() {
		runner("want", (grpc) -> grpc.mutualTls().build()).run((context) -> {
			assertThat(name(context, host, "Bearer for-somebody-else")).isEqualTo("shop.example");
			assertThat(name(context, null, "Bearer for-somebody-else")).isEqualTo(Code.UNAUTHENTICATED.name());
		});
	}

}
