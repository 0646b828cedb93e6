package io.strand.grpc.autoconfigure.client;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Executor;
import java.util.function.Consumer;

import io.grpc.CallCredentials;
import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ClientCall;
import io.grpc.ClientInterceptor;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.TlsServerCredentials.ClientAuth;
import io.grpc.stub.MetadataUtils;
import io.strand.grpc.client.ChannelConfigurationException;
import io.strand.grpc.client.ChannelSettings;
import io.strand.grpc.client.GrpcChannels;
import io.strand.grpc.client.GrpcGlobalClientInterceptor;
import io.strand.grpc.client.RecordingServer;
import io.strand.grpc.client.SecureServer;
import io.strand.grpc.client.credentials.AuthorizationCredentials;
import io.strand.grpc.client.credentials.ChannelAuthentication;
import io.strand.grpc.testing.EchoGrpc;
import io.strand.grpc.testing.EchoGrpc.EchoBlockingStub;
import io.strand.grpc.testing.EchoService;
import io.strand.grpc.testing.LeakCheckExtension;
import io.strand.grpc.testing.Message;
import io.strand.grpc.testing.TestAuthority;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

/**
 * Calls get the credentials of their channel, and no connection without encryption does.
 */
@ExtendWith(LeakCheckExtension.class)
class ChannelAuthenticationTests {

	private static final String AUTHENTICATION = "strand.client.channels.echo.authentication.";

	private static final String REMEDY = "Set strand.client.channels.echo.ssl.enabled or ssl.bundle, or"
			+ " strand.client.channels.echo.authentication.allow-plaintext=true if something else protects the"
			+ " connection.";

	private static final Metadata.Key<String> AUTHORIZATION = Metadata.Key.of("authorization",
			Metadata.ASCII_STRING_MARSHALLER);

	private static final Metadata.Key<String> TENANT = Metadata.Key.of("tenant", Metadata.ASCII_STRING_MARSHALLER);

	private static final Message MESSAGE = Message.newBuilder().setText("hello").build();

	private static TestAuthority authority;

	private static Path identity;

	private SecureServer server;

	@BeforeAll
	static void makeCertificates(@TempDir Path directory) {
		authority = TestAuthority.in(directory);
		identity = authority.issue("localhost");
	}

	@BeforeEach
	void start() {
		this.server = new SecureServer(authority, identity, ClientAuth.NONE, new EchoService());
	}

	@AfterEach
	void close() {
		this.server.close();
	}

	@Test
	void basic() {
		secure(ChannelAuthenticationTests::echo, AUTHENTICATION + "username=shop", AUTHENTICATION + "password=pä:ss");
		// "shop:pä:ss" in UTF-8
		assertThat(sent()).containsExactly("Basic c2hvcDpww6Q6c3M=");
	}

	@Test
	void token() {
		secure(ChannelAuthenticationTests::echo, AUTHENTICATION + "token=abc.def");
		assertThat(sent()).containsExactly("Bearer abc.def");
	}

	@Test
	void tokenFile(@TempDir Path directory) throws Exception {
		Path file = Files.writeString(directory.resolve("token"), "from-file\n");
		secure(ChannelAuthenticationTests::echo, AUTHENTICATION + "token-file=" + file);
		assertThat(sent()).containsExactly("Bearer from-file");
	}

	@Test
	void theCredentialsOfTheDefaultChannelAreInherited() {
		secure(ChannelAuthenticationTests::echo, "strand.client.channels.default.authentication.token=inherited");
		assertThat(sent()).containsExactly("Bearer inherited");
	}

	@Test
	void ownCredentialsReplaceInheritedOnes() {
		secure(ChannelAuthenticationTests::echo, "strand.client.channels.default.authentication.token=inherited",
				AUTHENTICATION + "username=own", AUTHENTICATION + "password=");
		assertThat(sent()).containsExactly("Basic b3duOg==");
	}

	@Test
	void inheritedCredentialsCanBeSwitchedOff() {
		secure(ChannelAuthenticationTests::echo, "strand.client.channels.default.authentication.token=inherited",
				AUTHENTICATION + "enabled=false");
		assertThat(sent()).isEmpty();
	}

	@Test
	void theAuthorizationOfACallReplacesTheChannels() {
		secure((stub) -> echo(stub.withCallCredentials(AuthorizationCredentials.bearer("own"))),
				AUTHENTICATION + "token=channel");
		assertThat(sent()).containsExactly("Bearer own");
	}

	@Test
	void otherCredentialsOfACallAreSentBesideTheChannels() {
		secure((stub) -> echo(stub.withCallCredentials(new Tenant("blue"))), AUTHENTICATION + "token=channel");
		assertThat(sent()).containsExactly("Bearer channel");
		assertThat(this.server.recording().lastCall().header("tenant")).isEqualTo("blue");
	}

	@Test
	void theHeadersOfACallReplaceTheChannels() {
		Metadata headers = new Metadata();
		headers.put(AUTHORIZATION, "Custom own");
		secure((stub) -> {
			echo(stub.withInterceptors(MetadataUtils.newAttachHeadersInterceptor(headers)));
			assertThat(sent()).containsExactly("Custom own");
			echo(stub.withInterceptors(MetadataUtils.newAttachHeadersInterceptor(headers))
				.withCallCredentials(new Tenant("blue")));
			assertThat(sent()).containsExactly("Custom own");
			assertThat(this.server.recording().lastCall().header("tenant")).isEqualTo("blue");
		}, AUTHENTICATION + "token=channel");
	}

	@Test
	void theCredentialsThatAGlobalInterceptorSetsReplaceTheChannels() {
		ClientContext.runner()
			.withPropertyValues(tls())
			.withPropertyValues(AUTHENTICATION + "token=channel")
			.withBean(Caller.class)
			.withBean(TokenInterceptor.class)
			.run((context) -> echo(context.getBean(Caller.class).stub));
		assertThat(sent()).containsExactly("Bearer intercepted");
	}

	@Test
	void ifTheCredentialsOfACallFailItFails() {
		secure((stub) -> assertThatExceptionOfType(StatusRuntimeException.class)
			.isThrownBy(() -> stub.withCallCredentials(new Failing()).unary(MESSAGE))
			.satisfies((ex) -> assertThat(ex.getStatus().getDescription()).isEqualTo("mine")),
				AUTHENTICATION + "token=channel");
		assertThat(this.server.recording().calls()).isEmpty();
	}

	@Test
	void everyKindOfCallAndEveryConnectionHasThem() {
		secure((stub) -> {
			for (int i = 0; i < 5; i++) {
				echo(stub);
				stub.serverStream(MESSAGE.toBuilder().setNumber(3).build()).forEachRemaining((answer) -> {
				});
			}
		}, AUTHENTICATION + "token=t", "strand.client.channels.echo.connections=2");
		assertThat(this.server.recording().calls()).hasSize(10)
			.allSatisfy((call) -> assertThat(call.headers().getAll(AUTHORIZATION)).containsExactly("Bearer t"));
	}

	@Test
	void credentialsWithoutTlsAreRefusedAtStart() {
		assertInvalid("The channel 'echo' to localhost:1 has credentials for its calls but no TLS, so anybody on the"
				+ " way could read them. " + REMEDY, AUTHENTICATION + "token=t");
		assertInvalid(
				"The channel 'echo' to localhost:1 has credentials for its calls but no TLS, so anybody on the"
						+ " way could read them. " + REMEDY,
				AUTHENTICATION + "token=t", "strand.client.channels.echo.ssl.enabled=false");
	}

	@Test
	void theAuthorizationOfTheServedCallDoesNotGoAlongWithoutTls() {
		String message = "The channel 'echo' to localhost:1 passes on the header 'authorization' of the call being"
				+ " served, but has no TLS, so anybody on the way could read it. ";
		assertInvalid(message + REMEDY + " Or take it out of strand.client.propagate-metadata and",
				"strand.client.propagate-metadata=tenant,Authorization");
		assertInvalid(message, "strand.client.channels.echo.propagate-metadata=authorization");
	}

	@Test
	void theAuthorizationOfTheServedCallGoesAlongWhereNobodyElseSeesIt() {
		String along = "strand.client.propagate-metadata=authorization";
		secure(ChannelAuthenticationTests::echo, along);
		try (RecordingServer plain = RecordingServer.start(new EchoService())) {
			String target = "strand.client.channels.echo.target=" + plain.target();
			run(ChannelAuthenticationTests::echo, along, target, AUTHENTICATION + "allow-plaintext=true");
			run(ChannelAuthenticationTests::echo, along, target, "strand.client.channels.echo.propagate-metadata=");
		}
	}

	@Test
	void plaintextCanBeAllowed() {
		try (RecordingServer plain = RecordingServer.start(new EchoService())) {
			run(ChannelAuthenticationTests::echo, "strand.client.channels.echo.target=" + plain.target(),
					AUTHENTICATION + "token=t", AUTHENTICATION + "allow-plaintext=true");
			assertThat(plain.lastCall().header("authorization")).isEqualTo("Bearer t");
		}
	}

	@Test
	void theCredentialsOfASingleCallAreNotSentInPlaintext() {
		try (RecordingServer plain = RecordingServer.start(new EchoService())) {
			run((stub) -> {
				echo(stub);
				assertThatExceptionOfType(StatusRuntimeException.class)
					.isThrownBy(() -> stub.withCallCredentials(AuthorizationCredentials.bearer("t")).unary(MESSAGE))
					.satisfies((ex) -> {
						assertThat(ex.getStatus().getCode()).isEqualTo(Status.Code.UNAUTHENTICATED);
						assertThat(ex.getStatus().getDescription()).isEqualTo(
								"strand.testing.Echo/Unary was not called. It has credentials, but the connection of"
										+ " channel 'echo' is not encrypted. " + REMEDY);
					});
			}, "strand.client.channels.echo.target=" + plain.target());
			assertThat(plain.calls()).hasSize(1);
			run((stub) -> echo(stub.withCallCredentials(AuthorizationCredentials.bearer("t"))),
					"strand.client.channels.echo.target=" + plain.target(),
					"strand.client.channels.default.authentication.allow-plaintext=true");
			assertThat(plain.lastCall().header("authorization")).isEqualTo("Bearer t");
		}
	}

	@Test
	void insideTheProcessThereIsNothingToEncrypt() {
		try (RecordingServer inProcess = RecordingServer.inProcess("authentication-tests", new EchoService())) {
			run(ChannelAuthenticationTests::echo, "strand.client.channels.echo.target=in-process:authentication-tests",
					AUTHENTICATION + "token=t");
			assertThat(inProcess.lastCall().header("authorization")).isEqualTo("Bearer t");
		}
	}

	@Test
	void aUnixSocketNeedsNoEncryption(@TempDir Path directory) {
		Path socket = directory.resolve("echo.sock");
		ClientContext.runner()
			.withPropertyValues("strand.server.port=-1", "strand.server.unix-socket=" + socket,
					"strand.client.channels.echo.target=unix:" + socket, AUTHENTICATION + "token=t")
			.withBean(EchoService.class)
			.withBean(Caller.class)
			.run((context) -> echo(context.getBean(Caller.class).stub));
	}

	@Test
	void theOwnServerNeedsNoEncryption() {
		ClientContext.runner()
			.withPropertyValues("strand.client.channels.echo.target=self:", AUTHENTICATION + "token=t")
			.withBean(EchoService.class)
			.withBean(Caller.class)
			.run((context) -> echo(context.getBean(Caller.class).stub));
	}

	@Test
	void aChannelMadeAtRunTimeHasItsOwn() {
		ClientContext.runner()
			.withPropertyValues(tls())
			.withPropertyValues("strand.client.channels.default.ssl.bundle=own")
			.run((context) -> {
				ManagedChannel made = context.getBean(GrpcChannels.class)
					.create(this.server.target(),
							ChannelSettings.builder()
								.authentication(ChannelAuthentication.of(AuthorizationCredentials.bearer("made")))
								.build());
				echo(EchoGrpc.newBlockingStub(made));
				assertThat(sent()).containsExactly("Bearer made");
			});
		ClientContext.runner()
			.run((context) -> assertThatExceptionOfType(ChannelConfigurationException.class)
				.isThrownBy(() -> context.getBean(GrpcChannels.class)
					.create("localhost:1",
							ChannelSettings.builder()
								.authentication(ChannelAuthentication.of(AuthorizationCredentials.bearer("made")))
								.build()))
				.withMessageEndingWith(
						"an authentication with allowPlaintext(true) if something else protects the" + " connection."));
	}

	@Test
	void mistakesAreToldAtStart(@TempDir Path directory) throws Exception {
		Path file = Files.writeString(directory.resolve("token"), "two tokens");
		Map<String, List<String>> mistakes = Map.of(
				"The value of %susername with %<spassword is not valid. The username has a colon",
				List.of("username=a:b", "password=c"), "%susername is set, but password is not. Set both or none.",
				List.of("username=a"), "%spassword is set, but username is not. Set both or none.",
				List.of("password=a"), "%susername and %<stoken are set, but a channel has credentials of one kind.",
				List.of("username=a", "password=b", "token=c"), "%stoken is set, but %<senabled is false.",
				List.of("token=a", "enabled=false"), "%senabled is true, but there are no credentials.",
				List.of("enabled=true"), "The value of %stoken begins with 'Bearer'.", List.of("token=Bearer a"),
				"The value of %stoken is not valid. The token is empty.", List.of("token="),
				"The file '" + directory.resolve("no") + "' that %stoken-file names cannot be read",
				List.of("token-file=" + directory.resolve("no")), "The value of the file '" + file
						+ "' that %stoken-file names is not valid. The token has a character" + " at position 4",
				List.of("token-file=" + file));
		mistakes.forEach((message, properties) -> assertInvalid(message.formatted(AUTHENTICATION),
				properties.stream().map(AUTHENTICATION::concat).toArray(String[]::new)));
	}

	private List<String> sent() {
		Iterable<String> values = this.server.recording().lastCall().headers().getAll(AUTHORIZATION);
		List<String> list = new ArrayList<>();
		if (values != null) {
			values.forEach(list::add);
		}
		return list;
	}

	private String[] tls() {
		List<String> properties = new ArrayList<>(Arrays.asList(authority.trustStoreOf("own")));
		properties.add("strand.client.channels.echo.target=" + this.server.target());
		properties.add("strand.client.channels.echo.ssl.bundle=own");
		return properties.toArray(String[]::new);
	}

	private void secure(Consumer<EchoBlockingStub> calls, String... properties) {
		List<String> all = new ArrayList<>(Arrays.asList(tls()));
		all.addAll(Arrays.asList(properties));
		run(calls, all.toArray(String[]::new));
	}

	private static void run(Consumer<EchoBlockingStub> calls, String... properties) {
		ClientContext.runner()
			.withPropertyValues(properties)
			.withBean(Caller.class)
			.run((context) -> calls.accept(context.getBean(Caller.class).stub));
	}

	private static void assertInvalid(String message, String... properties) {
		ClientContext.runner()
			.withPropertyValues("strand.client.channels.echo.target=localhost:1")
			.withPropertyValues(properties)
			.run((context) -> assertThat(invalid(context.getStartupFailure())).hasMessageStartingWith(message));
	}

	private static ChannelConfigurationException invalid(@Nullable Throwable failure) {
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

	static class Caller {

		final EchoBlockingStub stub;

		Caller(EchoBlockingStub stub) {
			this.stub = stub;
		}

	}

	@GrpcGlobalClientInterceptor
	static class TokenInterceptor implements ClientInterceptor {

		@Override
		public <Q, R> ClientCall<Q, R> interceptCall(MethodDescriptor<Q, R> method, CallOptions options, Channel next) {
			return next.newCall(method, options.withCallCredentials(AuthorizationCredentials.bearer("intercepted")));
		}

	}

	static class Tenant extends CallCredentials {

		private final String name;

		Tenant(String name) {
			this.name = name;
		}

		@Override
		public void applyRequestMetadata(RequestInfo call, Executor executor, MetadataApplier applier) {
			executor.execute(() -> {
				Metadata headers = new Metadata();
				headers.put(TENANT, this.name);
				applier.apply(headers);
			});
		}

	}

	static class Failing extends CallCredentials {

		@Override
		public void applyRequestMetadata(RequestInfo call, Executor executor, MetadataApplier applier) {
			applier.fail(Status.UNAUTHENTICATED.withDescription("mine"));
		}

	}

}
