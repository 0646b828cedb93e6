package io.strand.grpc.autoconfigure.server;

import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.Socket;
import java.net.SocketException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.time.Duration;
import java.util.Arrays;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLSocket;

import io.strand.grpc.testing.EchoService;
import io.strand.grpc.testing.LeakCheckExtension;
import io.strand.grpc.testing.Message;
import io.strand.grpc.testing.TestAuthority;
import io.strand.grpc.testing.TestClient;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

import org.springframework.boot.test.context.runner.ApplicationContextRunner;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * Tests that a client which falls silent before its connection of TLS is made is
 * disconnected, wherever it stops.
 */
@Timeout(120)
@ExtendWith(LeakCheckExtension.class)
class SilentHandshakeTests {

	private static final Duration TIMEOUT = Duration.ofSeconds(1);

	/** Less than the ten seconds after which Netty gives a handshake up in any case. */
	private static final Duration PATIENCE = Duration.ofSeconds(8);

	/** The type of records that are part of a handshake. */
	private static final byte HANDSHAKE = 0x16;

	private static TestAuthority authority;

	private static Path server;

	private static SSLContext tls;

	private final ApplicationContextRunner runner = ServerContext.runner()
		.withBean(EchoService.class, EchoService::new)
		.withPropertyValues("strand.server.ssl.bundle=shop", "strand.server.limits.handshake-timeout=" + TIMEOUT);

	/** When it comes. */
	private enum Silence {

		AT_ONCE, IN_ITS_HELLO, AFTER_ITS_HELLO, BEFORE_HTTP2

	}

	@BeforeAll
	static void makeCertificates(@TempDir Path directory) throws GeneralSecurityException {
		authority = TestAuthority.in(directory);
		server = authority.issue("server", "localhost");
		tls = SSLContext.getInstance("TLS");
		tls.init(null, authority.trustManagers(), null);
	}

	@ParameterizedTest
	@EnumSource
	void clientThatFallsSilentIsDisconnectedAndOthersAreServed(Silence silence) {
		this.runner.withPropertyValues(authority.bundleOf("shop", server)).run((context) -> {
			int port = ServerContext.server(context).getPort();
			try (TestClient early = client(port)) {
				// Which also has both sides load what a handshake needs
				assertThat(isServed(early)).isTrue();
				long start = System.nanoTime();
				try (Socket silent = new Socket(InetAddress.getLoopbackAddress(), port);
						TestClient late = client(port)) {
					silent.setSoTimeout((int) PATIENCE.toMillis());
					speak(silent, silence);
					CompletableFuture<Duration> lifetime = CompletableFuture.supplyAsync(() -> {
						awaitClosed(silent);
						return Duration.ofNanos(System.nanoTime() - start);
					});
					assertThat(isServed(late)).isTrue();
					assertThat(lifetime.get(60, TimeUnit.SECONDS)).isBetween(TIMEOUT, PATIENCE);
				}
				// The early client makes no other connection until it calls
				await().until(() -> ServerContext.server(context).getConnectionCount() == 1);
				assertThat(isServed(early)).isTrue();
			}
		});
	}

	private static TestClient client(int port) {
		return TestClient.tcp(port, authority.clientCredentials(null));
	}

	/** Its handshake may take too long on a slow machine, and is then tried again. */
	private static boolean isServed(TestClient client) {
		Message message = Message.newBuilder().setText("hello").build();
		return client.echo().withWaitForReady().unary(message).equals(message);
	}

	private static void speak(Socket socket, Silence silence) throws IOException {
		OutputStream out = socket.getOutputStream();
		switch (silence) {
			case AT_ONCE -> {
			}
			case IN_ITS_HELLO -> {
				byte[] hello = hello();
				out.write(hello, 0, hello.length / 2);
			}
			case AFTER_ITS_HELLO -> {
				out.write(hello());
				assertThat(socket.getInputStream().read()).isEqualTo(HANDSHAKE);
			}
			case BEFORE_HTTP2 -> {
				SSLSocket secure = (SSLSocket) tls.getSocketFactory()
					.createSocket(socket, "localhost", socket.getPort(), false);
				secure.setSSLParameters(offerHttp2(secure.getSSLParameters()));
				secure.startHandshake();
			}
		}
	}

	/** The first record of a client. */
	private static byte[] hello() throws SSLException {
		SSLEngine engine = tls.createSSLEngine();
		engine.setUseClientMode(true);
		engine.setSSLParameters(offerHttp2(engine.getSSLParameters()));
		ByteBuffer record = ByteBuffer.allocate(engine.getSession().getPacketBufferSize());
		engine.wrap(ByteBuffer.allocate(0), record);
		return Arrays.copyOf(record.array(), record.position());
	}

	private static SSLParameters offerHttp2(SSLParameters parameters) {
		parameters.setApplicationProtocols(new String[] { "h2" });
		return parameters;
	}

	private static void awaitClosed(Socket socket) {
		try {
			socket.getInputStream().readAllBytes();
		}
		catch (SocketException ex) {
			// A reset, which is an end as well; a read that takes too long is none
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
	}

}
