package io.strand.grpc.autoconfigure.server;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.GeneralSecurityException;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;

import javax.net.ssl.KeyManager;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLSocket;

import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.StreamObserver;
import io.strand.grpc.server.GrpcServer;
import io.strand.grpc.service.GrpcService;
import io.strand.grpc.testing.ConcurrentRun;
import io.strand.grpc.testing.EchoGrpc;
import io.strand.grpc.testing.EchoService;
import io.strand.grpc.testing.LeakCheckExtension;
import io.strand.grpc.testing.Message;
import io.strand.grpc.testing.TestAuthority;
import io.strand.grpc.testing.TestClient;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

import org.springframework.boot.ssl.SslBundle;
import org.springframework.boot.ssl.SslBundleRegistry;
import org.springframework.boot.ssl.jks.JksSslStoreBundle;
import org.springframework.boot.ssl.jks.JksSslStoreDetails;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.awaitility.Awaitility.await;

/**
 * Certificates of the server are replaced while it runs.
 */
@ExtendWith({ LeakCheckExtension.class, OutputCaptureExtension.class })
class ServerSslReloadTests {

	private static final Duration PATIENCE = Duration.ofSeconds(30);

	private static TestAuthority authority;

	private static TestAuthority others;

	private static Path[] servers;

	private static Path client;

	private final ApplicationContextRunner runner = ServerContext.runner()
		.withUserConfiguration(Echo.class)
		.withPropertyValues(authority.bundleOf("shop", servers[0]))
		.withPropertyValues("strand.server.ssl.bundle=shop", "strand.server.ssl.client-auth=need");

	@BeforeAll
	static void makeCertificates(@TempDir Path directory) throws IOException {
		authority = TestAuthority.in(directory);
		others = TestAuthority.in(Files.createDirectory(directory.resolve("others")));
		servers = new Path[] { authority.issue("server-1", "localhost"), authority.issue("server-2", "localhost") };
		client = authority.issue("client");
	}

	@Test
	void certificatesAreReplacedUnderLoadAndNoCallFails() {
		this.runner.run((context) -> {
			int port = ServerContext.server(context).getPort();
			SslBundleRegistry bundles = context.getBean(SslBundleRegistry.class);
			AtomicBoolean over = new AtomicBoolean();
			AtomicInteger calls = new AtomicInteger();
			AtomicInteger connections = new AtomicInteger();
			ConcurrentRun.of(9, (index) -> {
				if (index == 0) {
					try {
						for (int i = 1; i <= 20; i++) {
							bundles.updateBundle("shop", authority.bundle(servers[i % 2]));
							assertThat(certificate(port)).isEqualTo("CN=server-" + (i % 2 + 1));
							int before = connections.get();
							await().atMost(PATIENCE).until(() -> connections.get() >= before + 2);
						}
					}
					finally {
						over.set(true);
					}
				}
				else if (index <= 4) {
					try (TestClient lasting = client(port)) {
						while (!over.get()) {
							assertThat(lasting.echo("lasting")).isEqualTo("lasting");
							calls.incrementAndGet();
						}
					}
				}
				else {
					while (!over.get()) {
						try (TestClient fresh = client(port)) {
							assertThat(fresh.echo("fresh")).isEqualTo("fresh");
							connections.incrementAndGet();
						}
					}
				}
			}).join(Duration.ofMinutes(3));
			assertThat(calls).hasValueGreaterThan(100);
			assertThat(connections).hasValueGreaterThanOrEqualTo(40);
		});
	}

	@Test
	void openConnectionsGoOn(CapturedOutput output) {
		this.runner.run((context) -> {
			int port = ServerContext.server(context).getPort();
			try (TestClient client = client(port)) {
				BlockingQueue<String> answers = new LinkedBlockingQueue<>();
				StreamObserver<Message> requests = EchoGrpc.newStub(client.channel()).bidi(new Answers(answers));
				requests.onNext(Message.newBuilder().setText("one").build());
				assertThat(answers.poll(30, TimeUnit.SECONDS)).isEqualTo("one");
				context.getBean(SslBundleRegistry.class).updateBundle("shop", authority.bundle(servers[1]));
				assertThat(certificate(port)).isEqualTo("CN=server-2");
				requests.onNext(Message.newBuilder().setText("two").build());
				assertThat(answers.poll(30, TimeUnit.SECONDS)).isEqualTo("two");
				requests.onCompleted();
				assertThat(answers.poll(30, TimeUnit.SECONDS)).isEqualTo("completed");
			}
			assertThat(output).contains("SSL bundle 'shop' was reloaded: new connections to the gRPC server"
					+ " (strand.server.ssl.bundle) use it, the certificate CN=server-2 until 20");
		});
	}

	@Test
	void bundlesThatCannotBeUsedChangeNothing(CapturedOutput output, @TempDir Path directory) {
		Path expired = authority.issueValid("expired", "localhost", -10, -5);
		Path mixed = authority.mixed(servers[0], servers[1]);
		this.runner.run((context) -> {
			int port = ServerContext.server(context).getPort();
			SslBundleRegistry bundles = context.getBean(SslBundleRegistry.class);
			JksSslStoreDetails missing = new JksSslStoreDetails("PKCS12", null,
					directory.resolve("missing.p12").toUri().toString(), "secret");
			assertKept(bundles, SslBundle.of(new JksSslStoreBundle(missing, missing)), port, output, "cannot be used");
			assertKept(bundles, authority.bundle(expired), port, output, "The certificate (CN=expired) has expired");
			assertKept(bundles, authority.bundle(mixed), port, output, "The private key is not that of");
			assertKept(bundles, SslBundle.of(new JksSslStoreBundle(TestAuthority.details(servers[1]), null)), port,
					output, "has no trust store");
			bundles.updateBundle("shop", authority.bundle(servers[1]));
			assertThat(certificate(port)).isEqualTo("CN=server-2");
		});
	}

	private static void assertKept(SslBundleRegistry bundles, SslBundle bundle, int port, CapturedOutput output,
			String reason) {
		int before = output.getAll().length();
		bundles.updateBundle("shop", bundle);
		assertThat(certificate(port)).isEqualTo("CN=server-1");
		try (TestClient client = client(port)) {
			assertThat(client.echo("hello")).isEqualTo("hello");
		}
		assertThat(output.getAll().substring(before)).containsPattern("ERROR .*SSL bundle 'shop' was reloaded, but the"
				+ " gRPC server \\(strand\\.server\\.ssl\\.bundle\\) stays with what it had, the certificate CN=server-1"
				+ " until 20.*" + java.util.regex.Pattern.quote(reason))
			.doesNotContain("secret", "null");
	}

	@Test
	void clientsThatAreNotTrustedAnyMoreAreRefusedAlsoWithASessionOfBefore() throws Exception {
		SSLContext sessions = SSLContext.getInstance("TLS");
		sessions.init(TestAuthority.keyManagers(client), authority.trustManagers(), null);
		this.runner.run((context) -> {
			int port = ServerContext.server(context).getPort();
			assertThat(speaks(sessions, port)).isTrue();
			assertThat(speaks(sessions, port)).isTrue();
			context.getBean(SslBundleRegistry.class)
				.updateBundle("shop", SslBundle.of(new JksSslStoreBundle(TestAuthority.details(servers[0]),
						TestAuthority.details(others.trustStore()))));
			assertThat(speaks(sessions, port)).isFalse();
			try (TestClient client = client(port)) {
				assertThatExceptionOfType(StatusRuntimeException.class).isThrownBy(() -> client.echo("hello"))
					.extracting((ex) -> ex.getStatus().getCode())
					.isEqualTo(Status.Code.UNAVAILABLE);
			}
		});
	}

	/** Whether the server sends its settings of HTTP/2, once the handshake is over. */
	private static boolean speaks(SSLContext context, int port) throws IOException {
		try (SSLSocket socket = (SSLSocket) context.getSocketFactory().createSocket("localhost", port)) {
			SSLParameters parameters = socket.getSSLParameters();
			parameters.setApplicationProtocols(new String[] { "h2" });
			socket.setSSLParameters(parameters);
			socket.startHandshake();
			return socket.getInputStream().read() == 0;
		}
		catch (IOException ex) {
			return false;
		}
	}

	@Test
	void aServerThatIsStartedAgainHasTheNewCertificate() {
		this.runner.run((context) -> {
			GrpcServer server = ServerContext.server(context);
			context.getBean(SslBundleRegistry.class).updateBundle("shop", authority.bundle(servers[1]));
			server.stop();
			server.start();
			assertThat(certificate(server.getPort())).isEqualTo("CN=server-2");
			context.getBean(SslBundleRegistry.class).updateBundle("shop", authority.bundle(servers[0]));
			assertThat(certificate(server.getPort())).isEqualTo("CN=server-1");
		});
	}

	@Test
	void replacedFilesAreNoticed(@TempDir Path directory) throws Exception {
		Path file = Files.copy(servers[0], directory.resolve("server.p12"));
		String[] properties = authority.bundleOf("file", file);
		this.runner.withPropertyValues(properties)
			.withPropertyValues("spring.ssl.bundle.jks.file.reload-on-update=true",
					"spring.ssl.bundle.watch.file.quiet-period=100ms", "strand.server.ssl.bundle=file")
			.run((context) -> {
				int port = ServerContext.server(context).getPort();
				assertThat(certificate(port)).isEqualTo("CN=server-1");
				Files.copy(servers[1], file, StandardCopyOption.REPLACE_EXISTING);
				await().atMost(PATIENCE).until(() -> certificate(port).equals("CN=server-2"));
			});
	}

	private static TestClient client(int port) {
		return TestClient.tcp(port, authority.clientCredentials(client));
	}

	/** Whom the certificate is for that a new connection is shown. */
	private static String certificate(int port) {
		try {
			SSLContext context = SSLContext.getInstance("TLS");
			context.init(new KeyManager[] { TestAuthority.keyManagers(client)[0] }, authority.trustManagers(), null);
			try (SSLSocket socket = (SSLSocket) context.getSocketFactory().createSocket("localhost", port)) {
				SSLParameters parameters = socket.getSSLParameters();
				parameters.setApplicationProtocols(new String[] { "h2" });
				socket.setSSLParameters(parameters);
				socket.startHandshake();
				X509Certificate shown = (X509Certificate) socket.getSession().getPeerCertificates()[0];
				return shown.getSubjectX500Principal().getName();
			}
		}
		catch (IOException | GeneralSecurityException ex) {
			throw new IllegalStateException(ex);
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

	@Configuration(proxyBeanMethods = false)
	static class Echo {

		@Bean
		@GrpcService
		EchoService echo() {
			return new EchoService();
		}

	}

}
