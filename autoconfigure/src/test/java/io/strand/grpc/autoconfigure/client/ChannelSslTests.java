package io.strand.grpc.autoconfigure.client;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Consumer;

import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.TlsServerCredentials.ClientAuth;
import io.strand.grpc.client.ChannelConfigurationException;
import io.strand.grpc.client.SecureServer;
import io.strand.grpc.testing.EchoGrpc.EchoBlockingStub;
import io.strand.grpc.testing.EchoService;
import io.strand.grpc.testing.LeakCheckExtension;
import io.strand.grpc.testing.Message;
import io.strand.grpc.testing.TestAuthority;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

/**
 * Whom a channel trusts, as whom it presents itself, and which settings make no sense.
 */
@ExtendWith({ LeakCheckExtension.class, OutputCaptureExtension.class })
class ChannelSslTests {

	private static final String SSL = "strand.client.channels.echo.ssl.";

	private static final String TRUST_ALL = SSL + "insecure-trust-all-certificates=true";

	private static final Message MESSAGE = Message.newBuilder().setText("hello").build();

	private static TestAuthority authority;

	private static Path server;

	private static Path client;

	@BeforeAll
	static void makeCertificates(@TempDir Path directory) {
		authority = TestAuthority.in(directory);
		server = authority.issue("localhost");
		client = authority.issue("checkout");
	}

	@Test
	void aBundleWithAKeyIsForMutualTls() {
		try (SecureServer secure = secure(ClientAuth.REQUIRE)) {
			run(secure, ChannelSslTests::echo, with(authority.bundleOf("own", client), SSL + "bundle=own"));
			assertThat(secure.lastPeer()).isEqualTo("CN=checkout");
		}
	}

	@Test
	void withoutAKeyAServerThatWantsOneRefuses() {
		try (SecureServer secure = secure(ClientAuth.REQUIRE)) {
			run(secure, ChannelSslTests::assertRefused, with(authority.trustStoreOf("own"), SSL + "bundle=own"));
			assertThat(secure.recording().calls()).isEmpty();
		}
	}

	@Test
	void aKeyThatAnotherAuthorityHasSignedIsRefused(@TempDir Path directory) {
		Path stranger = TestAuthority.in(directory).issue("checkout");
		try (SecureServer secure = secure(ClientAuth.REQUIRE)) {
			run(secure, ChannelSslTests::assertRefused, with(authority.bundleOf("own", stranger), SSL + "bundle=own"));
		}
	}

	@Test
	void theCertificateMustBeForTheHostOfTheTarget() {
		try (SecureServer secure = new SecureServer(authority, client, ClientAuth.NONE, new EchoService())) {
			run(secure, ChannelSslTests::assertRefused, with(authority.trustStoreOf("own"), SSL + "bundle=own"));
			assertThat(secure.recording().calls()).isEmpty();
		}
	}

	@Test
	void theAuthorityIsWhatTheCertificateMustBeFor() {
		try (SecureServer secure = new SecureServer(authority, client, ClientAuth.NONE, new EchoService())) {
			run(secure, ChannelSslTests::echo, with(authority.trustStoreOf("own"), SSL + "bundle=own",
					"strand.client.channels.echo.authority=checkout"));
			assertThat(secure.recording().lastCall().authority()).isEqualTo("checkout");
		}
		try (SecureServer secure = secure(ClientAuth.NONE)) {
			run(secure, ChannelSslTests::assertRefused, with(authority.trustStoreOf("own"), SSL + "bundle=own",
					"strand.client.channels.echo.authority=checkout"));
		}
	}

	@Test
	void everyCertificateIsTrustedByAPropertyThatShouts(CapturedOutput output) {
		try (SecureServer secure = new SecureServer(authority, client, ClientAuth.NONE, new EchoService())) {
			run(secure, ChannelSslTests::echo, SSL + "enabled=true", TRUST_ALL);
		}
		assertThat(output).contains("WARN")
			.contains("strand.client.channels.echo.ssl.insecure-trust-all-certificates is true")
			.contains("trust ANY server");
	}

	@Test
	void aBundleWithNothingButAKeyMayTrustEveryCertificate(CapturedOutput output) {
		try (SecureServer secure = secure(ClientAuth.REQUIRE)) {
			run(secure, ChannelSslTests::echo,
					with(TestAuthority.keyStoreOf("own", client), SSL + "bundle=own", TRUST_ALL));
			assertThat(secure.lastPeer()).isEqualTo("CN=checkout");
		}
		assertThat(output).contains("trust ANY server");
	}

	@Test
	void certificatesAreNotTrustedBlindlyByDefault(CapturedOutput output) {
		try (SecureServer secure = secure(ClientAuth.NONE)) {
			run(secure, ChannelSslTests::assertRefused, SSL + "enabled=true");
			run(secure, ChannelSslTests::assertRefused, SSL + "enabled=true",
					SSL + "insecure-trust-all-certificates=false");
		}
		assertThat(output).doesNotContain("trust ANY server");
	}

	@Test
	void aBundleIsNotForAChannelWithoutTls() {
		assertInvalid(
				"strand.client.channels.echo.ssl.bundle is set, but strand.client.channels.echo.ssl.enabled is"
						+ " false. Remove one of them.",
				with(authority.trustStoreOf("own"), SSL + "bundle=own", SSL + "enabled=false"));
	}

	@Test
	void trustingEveryCertificateNeedsTls() {
		assertInvalid("strand.client.channels.echo.ssl.insecure-trust-all-certificates is true, but the channel has no"
				+ " TLS of its own. Set strand.client.channels.echo.ssl.enabled=true or"
				+ " strand.client.channels.echo.ssl.bundle as well, or remove it.", TRUST_ALL);
		assertInvalid(
				"strand.client.channels.echo.ssl.insecure-trust-all-certificates is true, but"
						+ " strand.client.channels.echo.ssl.enabled is false. Remove one of them.",
				TRUST_ALL, SSL + "enabled=false");
	}

	@Test
	void trustingEveryCertificateContradictsATrustStore() {
		assertInvalid(
				"strand.client.channels.echo.ssl.insecure-trust-all-certificates is true, but the SSL bundle"
						+ " 'own' says which certificates to trust. Remove one of them.",
				with(authority.trustStoreOf("own"), SSL + "bundle=own", TRUST_ALL));
	}

	@Test
	void aBundleThatCannotBeReadIsTold(@TempDir Path directory) {
		Path missing = directory.resolve("missing.p12");
		ClientContext.runner()
			.withPropertyValues(with(TestAuthority.keyStoreOf("own", missing), SSL + "bundle=own"))
			.run((context) -> assertThat(context).getFailure().rootCause().hasMessageContaining("missing.p12"));
		ClientContext.runner()
			.withPropertyValues(with(TestAuthority.keyStoreOf("own", missing), SSL + "bundle=own"))
			.run((context) -> assertThat(invalid(context.getStartupFailure())).hasMessageStartingWith(
					"The SSL bundle 'own', which strand.client.channels.echo.ssl.bundle names, cannot be used: "));
	}

	private static SecureServer secure(ClientAuth clients) {
		return new SecureServer(authority, server, clients, new EchoService());
	}

	private static String[] with(String[] bundle, String... properties) {
		List<String> all = new ArrayList<>(Arrays.asList(bundle));
		all.addAll(Arrays.asList(properties));
		return all.toArray(String[]::new);
	}

	private static void run(SecureServer server, Consumer<EchoBlockingStub> calls, String... properties) {
		ClientContext.runner()
			.withPropertyValues("strand.client.channels.echo.target=" + server.target())
			.withPropertyValues(properties)
			.withBean(Caller.class)
			.run((context) -> calls.accept(context.getBean(Caller.class).stub));
	}

	private static void assertInvalid(String message, String... properties) {
		ClientContext.runner()
			.withPropertyValues("strand.client.channels.echo.target=localhost:1")
			.withPropertyValues(properties)
			.run((context) -> assertThat(invalid(context.getStartupFailure())).hasMessage(message));
	}

	private static ChannelConfigurationException invalid(Throwable failure) {
		for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
			if (cause instanceof ChannelConfigurationException found) {
				return found;
			}
		}
		throw new AssertionError("It started, or failed for another reason", failure);
	}

	private static void echo(EchoBlockingStub stub) {
		assertThat(stub.unary(MESSAGE)).isEqualTo(MESSAGE);
	}

	private static void assertRefused(EchoBlockingStub stub) {
		assertThatExceptionOfType(StatusRuntimeException.class).isThrownBy(() -> stub.unary(MESSAGE))
			.satisfies((ex) -> assertThat(ex.getStatus().getCode()).isEqualTo(Status.Code.UNAVAILABLE));
	}

	static class Caller {

		final EchoBlockingStub stub;

		Caller(EchoBlockingStub stub) {
			this.stub = stub;
		}

	}

}
