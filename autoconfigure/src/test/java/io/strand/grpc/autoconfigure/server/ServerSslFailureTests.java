package io.strand.grpc.autoconfigure.server;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

import io.strand.grpc.service.GrpcService;
import io.strand.grpc.testing.EchoService;
import io.strand.grpc.testing.FailedStart;
import io.strand.grpc.testing.LeakCheckExtension;
import io.strand.grpc.testing.TestAuthority;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

import org.springframework.boot.SpringBootConfiguration;
import org.springframework.boot.autoconfigure.ImportAutoConfiguration;
import org.springframework.boot.autoconfigure.ssl.SslAutoConfiguration;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
import org.springframework.context.annotation.Bean;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Certificates and keys that a server does not start with, because its clients would not
 * come in, or others would.
 */
@ExtendWith({ LeakCheckExtension.class, OutputCaptureExtension.class })
class ServerSslFailureTests {

	private static TestAuthority authority;

	private static Path server;

	@BeforeAll
	static void makeCertificates(@TempDir Path directory) {
		authority = TestAuthority.in(directory);
		server = authority.issue("server", "localhost");
	}

	@Test
	void clientAuthenticationWithoutTrustStore(CapturedOutput output) {
		assertExplained(start(output, TestAuthority.keyStoreOf("shop", server), "strand.server.ssl.client-auth=need"),
				"strand.server.ssl.client-auth=need",
				"The SSL bundle 'shop' has no trust store that says which clients to trust.",
				"Add the certificates of the clients' authorities as spring.ssl.bundle.pem.shop.truststore or"
						+ " spring.ssl.bundle.jks.shop.truststore, or set client-auth to none.");
	}

	@Test
	void clientAuthenticationThatIsOptionalWithoutTrustStore(CapturedOutput output) {
		assertExplained(start(output, TestAuthority.keyStoreOf("shop", server), "strand.server.ssl.client-auth=want"),
				"strand.server.ssl.client-auth=want", "has no trust store", "or set client-auth to none.");
	}

	@Test
	void clientAuthenticationWithoutTls(CapturedOutput output) {
		FailedStart failed = FailedStart.of(Echo.class, output, "--strand.server.port=0",
				"--strand.server.ssl.client-auth=need");
		assertExplained(failed, "strand.server.ssl.client-auth=need",
				"Clients can show a certificate with TLS only, and strand.server.ssl.bundle is not set.",
				"Set it to an SSL bundle with the server's certificate, or set client-auth to none.");
	}

	@Test
	void keyOfAnotherCertificate(CapturedOutput output) {
		Path mixed = authority.mixed(server, authority.issue("other", "localhost"));
		assertExplained(start(output, authority.bundleOf("shop", mixed)), "strand.server.ssl.bundle=shop",
				"The private key is not that of the certificate (CN=other).",
				"Use the key that the certificate was issued for, in spring.ssl.bundle.pem.shop.keystore or");
	}

	@Test
	void keyOfAnotherCertificateInPem(CapturedOutput output) {
		Path another = authority.issue("another", "localhost");
		assertExplained(start(output, TestAuthority.pemOf("shop", server, another)), "strand.server.ssl.bundle=shop",
				"The private key is not that of the certificate (CN=another).",
				"Use the key that the certificate was issued for, in spring.ssl.bundle.pem.shop.keystore or");
	}

	@Test
	void oneOfSeveralCertificatesThatHasExpired(CapturedOutput output) {
		Path old = authority.issueValid("old", "localhost", -10, -5);
		FailedStart failed = start(output, authority.bundleOf("shop", authority.together(server, old)));
		assertExplained(failed, "strand.server.ssl.bundle=shop", "The certificate (CN=old) has expired on 20",
				"Renew it: clients refuse it.");
	}

	@Test
	void certificateThatHasExpired(CapturedOutput output) {
		Path expired = authority.issueValid("expired", "localhost", -10, -5);
		FailedStart failed = start(output, authority.bundleOf("shop", expired));
		assertExplained(failed, "strand.server.ssl.bundle=shop", "The certificate (CN=expired) has expired on 20",
				"Renew it: clients refuse it.");
	}

	@Test
	void certificateThatIsNotYetValid(CapturedOutput output) {
		Path early = authority.issueValid("early", "localhost", 1, 6);
		assertExplained(start(output, authority.bundleOf("shop", early)), "strand.server.ssl.bundle=shop",
				"The certificate (CN=early) is not valid before 20",
				"Correct the clock of this machine, or use a certificate that is valid already.");
	}

	@Test
	void keyStoreWithoutKey(CapturedOutput output) {
		assertExplained(start(output, TestAuthority.keyStoreOf("shop", authority.trustStore())),
				"strand.server.ssl.bundle=shop", "The key store of the SSL bundle has certificates but no private key.",
				"Add the key of the server's certificate to spring.ssl.bundle.pem.shop.keystore or");
	}

	@Test
	void versionsOfTlsThatHttp2MustNotHave(CapturedOutput output) {
		assertExplained(
				start(output, authority.bundleOf("shop", server),
						"spring.ssl.bundle.jks.shop.options.enabled-protocols=TLSv1.1,TLSv1.2"),
				"strand.server.ssl.bundle=shop",
				"The SSL bundle enables the protocols [TLSv1.1, TLSv1.2], and HTTP/2 needs TLS 1.2 or 1.3.",
				"spring.ssl.bundle.jks.shop.options.enabled-protocols, or leave TLSv1.2 and TLSv1.3 in it.");
	}

	@Test
	void aliasThatIsNotThere(CapturedOutput output) {
		assertExplained(
				start(output, authority.bundleOf("shop", server), "spring.ssl.bundle.jks.shop.key.alias=missing"),
				"strand.server.ssl.bundle=shop", "The SSL bundle cannot be used: ", "Correct the properties of the");
	}

	private static FailedStart start(CapturedOutput output, String[] bundle, String... more) {
		List<String> arguments = new ArrayList<>(List.of("strand.server.port=0", "strand.server.ssl.bundle=shop"));
		arguments.addAll(Arrays.asList(bundle));
		arguments.addAll(Arrays.asList(more));
		return FailedStart.of(Echo.class, output,
				arguments.stream().map((argument) -> "--" + argument).toArray(String[]::new));
	}

	private static void assertExplained(FailedStart failed, String subject, String reason, String remedy) {
		assertThat(failed.analysis()).hasSizeLessThanOrEqualTo(10);
		assertThat(failed.text()).contains(subject, reason, "Action:", remedy);
		assertThat(failed.text()).doesNotContain("null", "..");
	}

	@SpringBootConfiguration(proxyBeanMethods = false)
	@ImportAutoConfiguration({ SslAutoConfiguration.class, GrpcServerAutoConfiguration.class })
	static class Echo {

		@Bean
		@GrpcService
		EchoService echo() {
			return new EchoService();
		}

	}

}
