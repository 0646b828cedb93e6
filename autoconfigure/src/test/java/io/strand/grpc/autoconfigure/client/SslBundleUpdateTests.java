package io.strand.grpc.autoconfigure.client;

import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;

import io.grpc.StatusRuntimeException;
import io.grpc.TlsServerCredentials.ClientAuth;
import io.grpc.stub.StreamObserver;
import io.strand.grpc.client.ChannelSettings;
import io.strand.grpc.client.GrpcChannels;
import io.strand.grpc.client.SecureServer;
import io.strand.grpc.testing.ConcurrentRun;
import io.strand.grpc.testing.EchoGrpc;
import io.strand.grpc.testing.EchoGrpc.EchoBlockingStub;
import io.strand.grpc.testing.EchoService;
import io.strand.grpc.testing.LeakCheckExtension;
import io.strand.grpc.testing.Message;
import io.strand.grpc.testing.TestAuthority;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.ssl.SslBundle;
import org.springframework.boot.ssl.SslBundleRegistry;
import org.springframework.boot.ssl.jks.JksSslStoreBundle;
import org.springframework.boot.ssl.jks.JksSslStoreDetails;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
import org.springframework.boot.test.util.TestPropertyValues;
import org.springframework.cloud.context.environment.EnvironmentChangeEvent;
import org.springframework.context.ConfigurableApplicationContext;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.awaitility.Awaitility.await;

/**
 * Certificates are replaced while the application runs.
 */
@ExtendWith({ LeakCheckExtension.class, OutputCaptureExtension.class })
class SslBundleUpdateTests {

	private static final Message MESSAGE = Message.newBuilder().setText("hello").build();

	private static final Duration PATIENCE = Duration.ofSeconds(30);

	private static TestAuthority authority;

	private static Path[] servers;

	private static Path[] clients;

	@BeforeAll
	static void makeCertificates(@TempDir Path directory) {
		authority = TestAuthority.in(directory);
		servers = new Path[] { authority.issue("server-1", "localhost"), authority.issue("server-2", "localhost") };
		clients = new Path[] { authority.issue("first"), authority.issue("second") };
	}

	@Test
	void certificatesOfBothSidesAreReplacedUnderLoadAndNoCallFails() {
		try (SecureServer server = server(authority)) {
			runner(server).run((context) -> {
				EchoBlockingStub stub = context.getBean(Caller.class).stub;
				SslBundleRegistry bundles = context.getBean(SslBundleRegistry.class);
				AtomicBoolean over = new AtomicBoolean();
				AtomicInteger calls = new AtomicInteger();
				echo(stub); // so that the first certificates have a connection
				server.recording().forgetCalls();
				ConcurrentRun.of(9, (index) -> {
					if (index > 0) {
						while (!over.get()) {
							echo(stub);
							calls.incrementAndGet();
						}
						return;
					}
					try {
						for (int i = 1; i <= 10; i++) {
							server.replaceCertificate(servers[i % 2]);
							bundles.updateBundle("own", authority.bundle(clients[i % 2]));
							String expected = (i % 2 == 0) ? "CN=first" : "CN=second";
							await().atMost(PATIENCE).until(() -> expected.equals(server.lastPeer()));
						}
					}
					finally {
						over.set(true);
					}
				}).join(Duration.ofMinutes(2));
				assertThat(calls).hasValueGreaterThan(10);
				// Those with old certificates are closed when their calls are over
				await().atMost(PATIENCE).until(() -> server.recording().openConnections() == 1);
				assertThat(server.recording().connections()).isEqualTo(11);
			});
		}
	}

	@Test
	void aStreamLivesOnAndItsConnectionClosesAfterIt() {
		try (SecureServer server = server(authority)) {
			runner(server).run((context) -> {
				EchoBlockingStub stub = context.getBean(Caller.class).stub;
				BlockingQueue<String> answers = new LinkedBlockingQueue<>();
				StreamObserver<Message> requests = EchoGrpc.newStub(stub.getChannel()).bidi(new Answers(answers));
				requests.onNext(MESSAGE);
				assertThat(answers.poll(30, TimeUnit.SECONDS)).isEqualTo("hello");
				context.getBean(SslBundleRegistry.class).updateBundle("own", authority.bundle(clients[1]));
				echo(stub);
				assertThat(server.lastPeer()).isEqualTo("CN=second");
				assertThat(server.recording().openConnections()).isEqualTo(2);
				requests.onNext(MESSAGE);
				assertThat(answers.poll(30, TimeUnit.SECONDS)).isEqualTo("hello");
				requests.onCompleted();
				assertThat(answers.poll(30, TimeUnit.SECONDS)).isEqualTo("completed");
				await().atMost(PATIENCE).until(() -> server.recording().openConnections() == 1);
				echo(stub);
				assertThat(server.recording().connections()).isEqualTo(2);
			});
		}
	}

	@Test
	void aChannelThatInheritsTheBundleIsUpdatedToo() {
		try (SecureServer server = server(authority)) {
			ClientContext.runner()
				.withPropertyValues(authority.bundleOf("own", clients[0]))
				.withPropertyValues("strand.client.channels.default.ssl.bundle=own",
						"strand.client.channels.echo.target=" + server.target())
				.withBean(Caller.class)
				.run((context) -> {
					EchoBlockingStub stub = context.getBean(Caller.class).stub;
					echo(stub);
					context.getBean(SslBundleRegistry.class).updateBundle("own", authority.bundle(clients[1]));
					echo(stub);
					assertThat(server.lastPeer()).isEqualTo("CN=second");
				});
		}
	}

	@Test
	void aChannelMadeAtRunTimeThatInheritsTheBundleIsUpdatedToo() {
		try (SecureServer server = server(authority)) {
			ClientContext.runner()
				.withPropertyValues(authority.bundleOf("own", clients[0]))
				.withPropertyValues("strand.client.channels.default.ssl.bundle=own")
				.run((context) -> {
					EchoBlockingStub stub = EchoGrpc.newBlockingStub(context.getBean(GrpcChannels.class)
						.create(server.target(), ChannelSettings.builder().build()));
					echo(stub);
					assertThat(server.lastPeer()).isEqualTo("CN=first");
					context.getBean(SslBundleRegistry.class).updateBundle("own", authority.bundle(clients[1]));
					echo(stub);
					assertThat(server.lastPeer()).isEqualTo("CN=second");
					await().atMost(PATIENCE).until(() -> server.recording().openConnections() == 1);
				});
			await().atMost(PATIENCE).until(() -> server.recording().openConnections() == 0);
		}
	}

	@Test
	void channelsThatDoNotUseTheBundleKeepTheirConnection() {
		try (SecureServer server = server(authority)) {
			runner(server).withPropertyValues(authority.bundleOf("other", clients[1]))
				.withPropertyValues("strand.client.channels.other.target=localhost:1",
						"strand.client.channels.other.ssl.bundle=other")
				.run((context) -> {
					EchoBlockingStub stub = context.getBean(Caller.class).stub;
					echo(stub);
					context.getBean(SslBundleRegistry.class).updateBundle("other", authority.bundle(clients[1]));
					echo(stub);
					assertThat(server.recording().connections()).isEqualTo(1);
				});
		}
	}

	@Test
	void aBundleThatCannotBeUsedChangesNothing(CapturedOutput output, @TempDir Path directory) {
		try (SecureServer server = server(authority)) {
			runner(server).run((context) -> {
				EchoBlockingStub stub = context.getBean(Caller.class).stub;
				echo(stub);
				JksSslStoreDetails missing = new JksSslStoreDetails("PKCS12", null,
						directory.resolve("missing.p12").toUri().toString(), "secret");
				context.getBean(SslBundleRegistry.class)
					.updateBundle("own", SslBundle.of(new JksSslStoreBundle(missing, missing)));
				echo(stub);
				assertThat(server.recording().connections()).isEqualTo(1);
				assertThat(output)
					.contains("SSL bundle 'own' was reloaded, but the channels echo stay with what they had");
			});
		}
	}

	@Test
	void whatARefreshHasChangedStaysChanged() {
		try (SecureServer server = server(authority)) {
			runner(server).run((context) -> {
				EchoBlockingStub stub = context.getBean(Caller.class).stub;
				change(context, "strand.client.channels.echo.user-agent", "after");
				context.getBean(SslBundleRegistry.class).updateBundle("own", authority.bundle(clients[1]));
				echo(stub);
				assertThat(server.lastPeer()).isEqualTo("CN=second");
				assertThat(server.recording().lastCall().header("user-agent")).startsWith("after ");
			});
		}
	}

	@Test
	void aBundleThatARefreshNamesIsUsedAndWatched() {
		try (SecureServer server = server(authority)) {
			runner(server).withPropertyValues(authority.bundleOf("other", clients[1])).run((context) -> {
				EchoBlockingStub stub = context.getBean(Caller.class).stub;
				echo(stub);
				assertThat(server.lastPeer()).isEqualTo("CN=first");
				change(context, "strand.client.channels.echo.ssl.bundle", "other");
				echo(stub);
				assertThat(server.lastPeer()).isEqualTo("CN=second");
				context.getBean(SslBundleRegistry.class).updateBundle("other", authority.bundle(clients[0]));
				echo(stub);
				assertThat(server.lastPeer()).isEqualTo("CN=first");
			});
		}
	}

	@Test
	void replacedFilesAreNoticed(@TempDir Path directory) throws Exception {
		TestAuthority others = TestAuthority.in(Files.createDirectory(directory.resolve("others")));
		Path trust = Files.copy(others.trustStore(), directory.resolve("trust.p12"));
		try (SecureServer server = server(authority)) {
			String bundle = "spring.ssl.bundle.jks.own.";
			ClientContext.runner()
				.withPropertyValues(bundle + "truststore.location=" + trust.toUri(),
						bundle + "truststore.password=changeit", bundle + "truststore.type=PKCS12",
						bundle + "reload-on-update=true", "spring.ssl.bundle.watch.file.quiet-period=100ms")
				.withPropertyValues("strand.client.channels.echo.target=" + server.target(),
						"strand.client.channels.echo.ssl.bundle=own")
				.withBean(Caller.class)
				.run((context) -> {
					EchoBlockingStub stub = context.getBean(Caller.class).stub;
					assertThatExceptionOfType(StatusRuntimeException.class).isThrownBy(() -> echo(stub));
					Files.copy(authority.trustStore(), trust, StandardCopyOption.REPLACE_EXISTING);
					await().atMost(PATIENCE)
						.ignoreExceptionsInstanceOf(StatusRuntimeException.class)
						.untilAsserted(() -> echo(stub));
				});
		}
	}

	private static SecureServer server(TestAuthority trusted) {
		return new SecureServer(trusted, servers[0], ClientAuth.OPTIONAL, new EchoService());
	}

	private static ApplicationContextRunner runner(SecureServer server) {
		return ClientContext.runner()
			.withConfiguration(AutoConfigurations.of(GrpcClientRefreshAutoConfiguration.class))
			.withPropertyValues(authority.bundleOf("own", clients[0]))
			.withPropertyValues("strand.client.channels.echo.target=" + server.target(),
					"strand.client.channels.echo.ssl.bundle=own")
			.withBean(Caller.class);
	}

	private static void change(ConfigurableApplicationContext context, String property, String value) {
		TestPropertyValues.of(property + "=" + value).applyTo(context);
		context.publishEvent(new EnvironmentChangeEvent(context, Set.of(property)));
	}

	private static void echo(EchoBlockingStub stub) {
		assertThat(stub.withDeadlineAfter(PATIENCE).unary(MESSAGE)).isEqualTo(MESSAGE);
	}

	static class Caller {

		final EchoBlockingStub stub;

		Caller(EchoBlockingStub stub) {
			this.stub = stub;
		}

	}

	private record Answers(BlockingQueue<String> texts) implements StreamObserver<Message> {

		@Override
		public void onNext(Message answer) {
			this.texts.add(answer.getText());
		}

		@Override
		public void onError(Throwable ex) {
			this.texts.add(ex.toString());
		}

		@Override
		public void onCompleted() {
			this.texts.add("completed");
		}

	}

}
