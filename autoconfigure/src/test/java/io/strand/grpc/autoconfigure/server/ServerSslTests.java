package io.strand.grpc.autoconfigure.server;

import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.time.Duration;

import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLSocket;

import io.grpc.ChannelCredentials;
import io.grpc.InsecureChannelCredentials;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.StreamObserver;
import io.strand.grpc.call.GrpcCall;
import io.strand.grpc.call.PeerCertificate;
import io.strand.grpc.service.GrpcService;
import io.strand.grpc.testing.EchoGrpc.EchoImplBase;
import io.strand.grpc.testing.LeakCheckExtension;
import io.strand.grpc.testing.Message;
import io.strand.grpc.testing.TestAuthority;
import io.strand.grpc.testing.TestClient;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.awaitility.Awaitility.await;

/**
 * TLS of the server: who may connect and how, and what the log says of those who may not.
 */
@ExtendWith({ LeakCheckExtension.class, OutputCaptureExtension.class })
class ServerSslTests {

	private static final Duration PATIENCE = Duration.ofSeconds(20);

	private static final int HANDSHAKE = 0x16;

	private static final int ALERT = 0x15;

	private static final int PROTOCOL_VERSION = 70;

	private static TestAuthority authority;

	private static Path server;

	private static Path client;

	private static Path stranger;

	private final ApplicationContextRunner runner = ServerContext.runner().withUserConfiguration(WhoAmI.class);

	@BeforeAll
	static void makeCertificates(@TempDir Path directory) throws IOException {
		authority = TestAuthority.in(directory);
		server = authority.issue("server", "localhost");
		client = authority.issueFor("client", "uri:spiffe://shop/orders,dns:orders.shop");
		stranger = TestAuthority.in(Files.createDirectory(directory.resolve("other"))).issue("stranger");
	}

	@Test
	void needRefusesClientsWithoutCertificate(CapturedOutput output) {
		secured("need").run((context) -> {
			int port = ServerContext.server(context).getPort();
			assertThat(caller(port, client)).isEqualTo("spiffe://shop/orders");
			assertRefused(port, authority.clientCredentials(null));
			await().atMost(PATIENCE)
				.untilAsserted(() -> assertThat(output)
					.containsPattern("gRPC connection from /127\\.0\\.0\\.1:\\d+ to /127\\.0\\.0\\.1:" + port
							+ " refused\\. The TLS" + " handshake has failed: .*(?i:certificate)"));
		});
	}

	@ParameterizedTest
	@ValueSource(strings = { "need", "want" })
	void certificatesThatAreNotTrustedAreRefused(String clientAuth, CapturedOutput output) {
		secured(clientAuth).run((context) -> {
			int port = ServerContext.server(context).getPort();
			assertRefused(port, authority.clientCredentials(stranger));
			await().atMost(PATIENCE).untilAsserted(() -> assertThat(output).contains("The TLS handshake has failed: "));
		});
	}

	@Test
	void wantServesClientsWithAndWithoutCertificate() {
		secured("want").run((context) -> {
			int port = ServerContext.server(context).getPort();
			assertThat(caller(port, null)).isEqualTo("nobody");
			assertThat(caller(port, client)).isEqualTo("spiffe://shop/orders");
		});
	}

	@Test
	void clientsAreNotAskedForACertificateByDefault() {
		this.runner.withPropertyValues(authority.bundleOf("shop", server))
			.withPropertyValues("strand.server.ssl.bundle=shop")
			.run((context) -> {
				int port = ServerContext.server(context).getPort();
				assertThat(caller(port, client)).isEqualTo("nobody");
				assertThat(caller(port, stranger)).isEqualTo("nobody");
			});
	}

	@Test
	void bundlesInPemAreUsed() {
		this.runner.withPropertyValues(TestAuthority.pemOf("shop", server, server))
			.withPropertyValues("strand.server.ssl.bundle=shop")
			.run((context) -> assertThat(caller(ServerContext.server(context).getPort(), null)).isEqualTo("nobody"));
	}

	@Test
	void onlyTheCertificateThatTheBundleNamesMustBeValid() {
		Path old = authority.issueValid("old", "localhost", -10, -5);
		this.runner.withPropertyValues(authority.bundleOf("shop", authority.together(old, server)))
			.withPropertyValues("spring.ssl.bundle.jks.shop.key.alias=1", "strand.server.ssl.bundle=shop")
			.run((context) -> assertThat(caller(ServerContext.server(context).getPort(), null)).isEqualTo("nobody"));
	}

	@ParameterizedTest
	@ValueSource(strings = { "TLSv1.2", "TLSv1.3" })
	void laterVersionsOfTlsAreSpoken(String version) {
		secured("none").run((context) -> {
			try (SSLSocket socket = handshake(ServerContext.server(context).getPort(), version, "h2")) {
				assertThat(socket.getSession().getProtocol()).isEqualTo(version);
				assertThat(socket.getApplicationProtocol()).isEqualTo("h2");
			}
		});
	}

	@Test
	void earlierVersionsOfTlsAreNotSpoken() {
		secured("none").run((context) -> {
			int port = ServerContext.server(context).getPort();
			// The JDK's own client would refuse to offer them
			assertThat(answerTo(port, 0x0303)[0]).isEqualTo(HANDSHAKE);
			for (int version = 0x0300; version <= 0x0302; version++) {
				int[] answer = answerTo(port, version);
				assertThat(answer[0]).isEqualTo(ALERT);
				assertThat(answer[1]).isEqualTo(PROTOCOL_VERSION);
			}
		});
	}

	@ParameterizedTest
	@ValueSource(strings = { "", "http/1.1" })
	void clientsThatDoNotOfferHttp2AreRefused(String protocol, CapturedOutput output) {
		secured("none").run((context) -> {
			try (SSLSocket socket = handshake(ServerContext.server(context).getPort(), "TLSv1.2", protocol)) {
				assertThat(socket.getInputStream().read()).isEqualTo(-1);
			}
			await().atMost(PATIENCE)
				.untilAsserted(() -> assertThat(output).contains(" refused. The client does not offer HTTP/2 by ALPN"));
		});
	}

	@Test
	void aPlaintextClientOfATlsPortIsNamedInTheLog(CapturedOutput output) {
		secured("none").run((context) -> {
			int port = ServerContext.server(context).getPort();
			assertRefused(port, InsecureChannelCredentials.create());
			assertThat(output)
				.containsPattern("WARN .*gRPC connection from /127\\.0\\.0\\.1:\\d+ to /127\\.0\\.0\\.1:" + port
						+ " refused\\. The client speaks plaintext HTTP, and this port only TLS"
						+ " \\(strand\\.server\\.ssl\\.bundle is set\\): turn TLS on in the client")
				.doesNotContain("Transport failed");
		});
	}

	@Test
	void aTlsClientOfAPlaintextPortIsNamedInTheLog(CapturedOutput output) {
		this.runner.run((context) -> {
			int port = ServerContext.server(context).getPort();
			assertRefused(port, authority.clientCredentials(null));
			await().atMost(PATIENCE)
				.untilAsserted(() -> assertThat(output)
					.containsPattern("WARN .*gRPC connection from /127\\.0\\.0\\.1:\\d+ to /127\\.0\\.0\\.1:" + port
							+ " refused\\. The client speaks TLS, and this port does not: set strand\\.server\\.ssl"
							+ "\\.bundle here, or turn TLS off in the client"));
			assertThat(output).doesNotContain("Transport failed");
		});
	}

	@Test
	void manyOfThemAreNotManyLines(CapturedOutput output) {
		secured("none").run((context) -> {
			int port = ServerContext.server(context).getPort();
			long before = System.nanoTime();
			for (int i = 0; i < 200; i++) {
				try (Socket socket = new Socket("localhost", port)) {
					socket.getOutputStream().write("GET / HTTP/1.1\r\n\r\n".getBytes());
					assertThat(socket.getInputStream().read()).isEqualTo(-1);
				}
			}
			long seconds = 2 + Duration.ofNanos(System.nanoTime() - before).toSeconds();
			assertThat(output.getAll().lines().filter((line) -> line.contains("speaks plaintext HTTP")).count())
				.isBetween(5L, 5 * seconds);
		});
	}

	@Test
	void aRefusedClientThatStaysIsDisconnected() {
		secured("none").run((context) -> {
			try (Socket socket = new Socket("localhost", ServerContext.server(context).getPort())) {
				socket.getOutputStream().write("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".getBytes());
				assertThat(socket.getInputStream().read()).isEqualTo(-1);
				await().atMost(PATIENCE)
					.untilAsserted(() -> assertThatExceptionOfType(IOException.class)
						.isThrownBy(() -> socket.getOutputStream().write(new byte[1000])));
			}
		});
	}

	@Test
	void aFirstByteAloneIsEnough() {
		this.runner.run((context) -> {
			try (Socket socket = new Socket("localhost", ServerContext.server(context).getPort())) {
				socket.getOutputStream().write(HANDSHAKE);
				socket.getInputStream().readAllBytes();
			}
			try (TestClient again = ServerContext.client(context)) {
				assertThat(again.echo("hello")).isEqualTo("nobody");
			}
		});
	}

	private ApplicationContextRunner secured(String clientAuth) {
		return this.runner.withPropertyValues(authority.bundleOf("shop", server))
			.withPropertyValues("strand.server.ssl.bundle=shop", "strand.server.ssl.client-auth=" + clientAuth);
	}

	private static String caller(int port, @Nullable Path identity) {
		try (TestClient client = TestClient.tcp(port, authority.clientCredentials(identity))) {
			return client.echo("who am I?");
		}
	}

	private static void assertRefused(int port, ChannelCredentials credentials) {
		try (TestClient client = TestClient.tcp(port, credentials)) {
			assertThatExceptionOfType(StatusRuntimeException.class).isThrownBy(() -> client.echo("hello"))
				.extracting((ex) -> ex.getStatus().getCode())
				.isEqualTo(Status.Code.UNAVAILABLE);
		}
	}

	private static SSLSocket handshake(int port, String version, String protocol)
			throws IOException, GeneralSecurityException {
		SSLContext context = SSLContext.getInstance("TLS");
		context.init(null, authority.trustManagers(), null);
		SSLSocket socket = (SSLSocket) context.getSocketFactory().createSocket("localhost", port);
		SSLParameters parameters = socket.getSSLParameters();
		parameters.setProtocols(new String[] { version });
		if (!protocol.isEmpty()) {
			parameters.setApplicationProtocols(new String[] { protocol });
		}
		socket.setSSLParameters(parameters);
		socket.startHandshake();
		return socket;
	}

	/**
	 * Sends the hello of a client by hand.
	 * @return the type of the answer, and its last byte if it is an alert
	 */
	private static int[] answerTo(int port, int version) throws IOException {
		try (Socket socket = new Socket("localhost", port)) {
			DataOutputStream out = new DataOutputStream(socket.getOutputStream());
			int[] ciphers = { 0xc02b, 0xc009, 0xc00a, 0xc02f, 0x002f, 0x0035 };
			byte[] extensions = { 0, 10, 0, 4, 0, 2, 0, 23, 0, 11, 0, 2, 1, 0, 0, 13, 0, 6, 0, 4, 4, 3, 2, 3 };
			int length = 2 + 32 + 1 + 2 + 2 * ciphers.length + 2 + 2 + extensions.length;
			out.writeByte(HANDSHAKE);
			out.writeShort(0x0301);
			out.writeShort(length + 4);
			out.writeInt(0x01000000 | length);
			out.writeShort(version);
			out.write(new byte[32]);
			out.writeByte(0);
			out.writeShort(2 * ciphers.length);
			for (int cipher : ciphers) {
				out.writeShort(cipher);
			}
			out.writeShort(0x0100);
			out.writeShort(extensions.length);
			out.write(extensions);
			out.flush();
			DataInputStream in = new DataInputStream(socket.getInputStream());
			int type = in.readUnsignedByte();
			in.readUnsignedShort();
			byte[] record = new byte[in.readUnsignedShort()];
			in.readFully(record);
			return new int[] { type, record[record.length - 1] };
		}
	}

	@Configuration(proxyBeanMethods = false)
	static class WhoAmI {

		@Bean
		@GrpcService
		EchoImplBase echo() {
			return new EchoImplBase() {

				@Override
				public void unary(Message request, StreamObserver<Message> responses) {
					PeerCertificate peer = PeerCertificate.of(GrpcCall.current().attributes());
					responses.onNext(Message.newBuilder().setText((peer != null) ? peer.name() : "nobody").build());
					responses.onCompleted();
				}

			};
		}

	}

}
