package io.strand.grpc.server;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLSocket;

import io.grpc.ServerCredentials;
import io.grpc.Status;
import io.grpc.TlsServerCredentials;
import io.strand.grpc.call.LiveCall;
import io.strand.grpc.testing.EchoGrpc;
import io.strand.grpc.testing.EchoHandlers;
import io.strand.grpc.testing.Message;
import io.strand.grpc.testing.RawConnection;
import io.strand.grpc.testing.RawConnection.Frame;
import io.strand.grpc.testing.SlowClient;
import io.strand.grpc.testing.TestAuthority;
import io.strand.grpc.testing.TestClient;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * What becomes of answers that clients have not read when the server stops: those that
 * are written reach them, the others end as UNAVAILABLE, and nobody is waited for long.
 */
class UnreadAnswerTests extends ServerStopTestBase {

	private static final String SERVER_STREAM = "strand.testing.Echo/ServerStream";

	private static final int INITIAL_WINDOW_SIZE = 4;

	/** Larger than what a client's system takes, smaller than what a server's keeps. */
	private static final int LARGE = 512 * 1024;

	private final CountDownLatch entered = new CountDownLatch(1);

	@Test
	@DisplayName("H9: an answer that is written when its connection ends reaches a client that still sends")
	void anAnswerReachesAClientThatStillSends() throws Exception {
		GrpcServer server = startWithLargeAnswer(null);
		anAnswerReachesAClientThatStillSends(server, connect(server));
	}

	@Test
	@DisplayName("H9: so it does over TLS, which ends in order as well")
	void anAnswerReachesAClientThatStillSendsOverTls(@TempDir Path directory) throws Exception {
		TestAuthority authority = TestAuthority.in(directory);
		GrpcServer server = startWithLargeAnswer(TlsServerCredentials.newBuilder()
			.keyManager(TestAuthority.keyManagers(authority.issue("server", "localhost")))
			.build());
		SSLContext context = SSLContext.getInstance("TLS");
		context.init(null, authority.trustManagers(), null);
		SSLSocket socket = (SSLSocket) context.getSocketFactory()
			.createSocket(connect(server), "localhost", server.getPort(), true);
		SSLParameters parameters = socket.getSSLParameters();
		parameters.setApplicationProtocols(new String[] { "h2" });
		socket.setSSLParameters(parameters);
		anAnswerReachesAClientThatStillSends(server, socket);
	}

	private void anAnswerReachesAClientThatStillSends(GrpcServer server, Socket socket) throws Exception {
		try (RawConnection client = open(socket)) {
			int stream = client.call(SERVER_STREAM);
			within(this.entered);
			CompletableFuture<Void> stopped = inThread(server::stop);
			// The second GOAWAY is the answer to the client's answer to the first
			client.read(RawConnection.GOAWAY);
			client.read(RawConnection.GOAWAY);
			this.release.countDown();
			await().untilAsserted(() -> assertThat(this.engine.liveCalls()).isEmpty());
			// So often that the server has long ended the connection
			for (int i = 0; i < 1000; i++) {
				client.write(RawConnection.WINDOW_UPDATE, 0, 0, RawConnection.intPayload(1));
			}
			List<Frame> frames = client.readAll();
			assertThat(frames.stream().filter((frame) -> frame.type() == RawConnection.DATA))
				.allMatch((frame) -> frame.stream() == stream);
			assertThat(dataOf(frames)).isGreaterThan(LARGE);
			assertThat(frames).last().matches((frame) -> frame.type() == RawConnection.HEADERS && frame.flags() == 5);
			client.close();
			stopped.get(20, TimeUnit.SECONDS);
		}
	}

	@Test
	@DisplayName("H9: a client that does not close its connection is not waited for")
	void aClientThatNeverClosesIsNotWaitedFor() throws Exception {
		GrpcServer server = startWithLargeAnswer(null);
		this.release.countDown();
		try (RawConnection client = open(connect(server))) {
			client.call(SERVER_STREAM);
			within(this.entered);
			CompletableFuture<Void> stopped = inThread(server::stop);
			client.readAll();
			stopped.get(10, TimeUnit.SECONDS);
			await().atMost(Duration.ofSeconds(2)).until(() -> server.getConnectionCount() == 0);
		}
	}

	@Test
	@DisplayName("H9: a client that goes on to send is waited for no longer than for a call")
	void aClientThatGoesOnToSendIsNotWaitedForLongerThanACall() throws Exception {
		GrpcServer server = startWithLargeAnswer(null);
		this.release.countDown();
		try (RawConnection client = open(connect(server))) {
			client.call(SERVER_STREAM);
			within(this.entered);
			CompletableFuture<Void> stopped = inThread(server::stop);
			client.readAll();
			Thread sender = new Thread(() -> {
				try {
					while (!stopped.isDone()) {
						client.write(RawConnection.WINDOW_UPDATE, 0, 0, RawConnection.intPayload(1));
					}
				}
				catch (IOException ex) {
					// Which ends it
				}
			}, "test-sender");
			sender.start();
			stopped.get(20, TimeUnit.SECONDS);
			sender.join(20_000);
			await().atMost(Duration.ofSeconds(2)).until(() -> server.getConnectionCount() == 0);
		}
	}

	@Test
	@DisplayName("H9: a stream whose client does not read ends as UNAVAILABLE as well")
	void aStreamWhoseClientDoesNotReadIsUnavailable() throws Exception {
		GrpcServer server = startWithEndlessAnswer();
		SlowClient reader = new SlowClient();
		try (TestClient client = TestClient.tcp(server.getPort())) {
			EchoGrpc.newStub(client.channel()).serverStream(message("go"), reader);
			awaitBlockedSender();
			server.stop();
			reader.readAll();
			Status end = reader.end();
			assertThat(end.getCode()).as(end.toString()).isEqualTo(Status.Code.UNAVAILABLE);
		}
	}

	@Test
	@DisplayName("H9: a client that takes nothing from its connection is not told that the call was cancelled")
	void aClientThatTakesNothingIsNotToldOfACancellation() throws Exception {
		GrpcServer server = startWithEndlessAnswer();
		try (RawConnection client = open(connect(server))) {
			client.call(SERVER_STREAM);
			awaitBlockedSender();
			server.stop();
			assertThat(client.readUntilClosed()).noneMatch((frame) -> frame.type() == RawConnection.RST_STREAM);
		}
	}

	private GrpcServer startWithLargeAnswer(@Nullable ServerCredentials credentials) {
		Message large = message("x".repeat(LARGE));
		this.handlers.serverStream((request, responses) -> {
			this.entered.countDown();
			awaitUninterrupted(this.release);
			EchoHandlers.echo(large, responses);
		});
		return start(credentials, Duration.ZERO, Duration.ofSeconds(60));
	}

	private GrpcServer startWithEndlessAnswer() {
		Message part = message("x".repeat(64 * 1024));
		this.handlers.serverStream((request, responses) -> {
			while (true) {
				responses.onNext(part);
			}
		});
		return start(Duration.ZERO, Duration.ofMillis(50));
	}

	private void awaitBlockedSender() {
		await().until(() -> this.engine.liveCalls()
			.stream()
			.anyMatch((call) -> call.state() == LiveCall.State.BLOCKED_SENDING));
	}

	/** With a small buffer, so that much of what is sent remains with the server. */
	private static Socket connect(GrpcServer server) throws IOException {
		Socket socket = new Socket();
		socket.setReceiveBufferSize(16 * 1024);
		socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), server.getPort()));
		return socket;
	}

	/** With windows that hold up nothing. */
	private static RawConnection open(Socket socket) throws IOException {
		RawConnection client = RawConnection.open(socket, INITIAL_WINDOW_SIZE, Integer.MAX_VALUE);
		client.write(RawConnection.WINDOW_UPDATE, 0, 0, RawConnection.intPayload(1 << 30));
		return client;
	}

	private static int dataOf(List<Frame> frames) {
		return frames.stream()
			.filter((frame) -> frame.type() == RawConnection.DATA)
			.mapToInt((frame) -> frame.payload().length)
			.sum();
	}

}
