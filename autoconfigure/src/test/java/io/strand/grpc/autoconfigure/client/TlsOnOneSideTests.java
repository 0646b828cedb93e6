package io.strand.grpc.autoconfigure.client;

import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

import io.grpc.StatusRuntimeException;
import io.grpc.TlsServerCredentials.ClientAuth;
import io.grpc.stub.StreamObserver;
import io.strand.grpc.client.RecordingServer;
import io.strand.grpc.client.SecureServer;
import io.strand.grpc.server.GrpcServer;
import io.strand.grpc.testing.ConcurrentRun;
import io.strand.grpc.testing.EchoGrpc.EchoBlockingStub;
import io.strand.grpc.testing.EchoGrpc.EchoImplBase;
import io.strand.grpc.testing.EchoService;
import io.strand.grpc.testing.LeakCheckExtension;
import io.strand.grpc.testing.Message;
import io.strand.grpc.testing.TcpProxy;
import io.strand.grpc.testing.TestAuthority;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

import org.springframework.boot.test.context.runner.ApplicationContextRunner;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

/**
 * TLS that was configured on one side only: the call says so.
 */
@ExtendWith(LeakCheckExtension.class)
class TlsOnOneSideTests {

	private static final Duration PATIENCE = Duration.ofSeconds(20);

	private static final String MAY_USE_TLS = "the server closed the connection before HTTP/2 began, as one that uses"
			+ " TLS does when the channel does not: if so, set strand.client.channels.echo.ssl.enabled=true";

	private static TestAuthority authority;

	private static Path identity;

	@BeforeAll
	static void makeCertificates(@TempDir Path directory) {
		authority = TestAuthority.in(directory);
		identity = authority.issue("server", "localhost");
	}

	@Test
	void aPlaintextChannelToATlsServer() {
		try (SecureServer server = new SecureServer(authority, identity, ClientAuth.NONE, new EchoService())) {
			assertThat(failure(server.target())).startsWith("UNAVAILABLE: ")
				.contains("channel 'echo' to %s at ".formatted(server.target()))
				.contains(": " + MAY_USE_TLS);
		}
	}

	@Test
	void aPlaintextChannelToATlsServerOfStrand() {
		ClientContext.runner()
			.withBean("service", EchoService.class)
			.withPropertyValues(authority.bundleOf("shop", identity))
			.withPropertyValues("strand.server.ssl.bundle=shop")
			.run((context) -> assertThat(failure("localhost:" + context.getBean(GrpcServer.class).getPort()))
				.startsWith("UNAVAILABLE: ")
				.contains(MAY_USE_TLS));
	}

	@Test
	void aPlaintextChannelToAServerThatAnswersWithAnAlert() throws Exception {
		try (ServerSocket server = new ServerSocket(0, 10, InetAddress.getLoopbackAddress())) {
			ConcurrentRun alert = ConcurrentRun.of(1, (index) -> {
				try (Socket accepted = server.accept()) {
					accepted.getInputStream().read();
					accepted.getOutputStream().write(new byte[] { 0x15, 0x03, 0x03, 0x00, 0x02, 0x02, 0x0a });
					accepted.getInputStream().readAllBytes();
				}
			});
			assertThat(failure("localhost:" + server.getLocalPort()))
				.contains("the server uses TLS and the channel does"
						+ " not: set strand.client.channels.echo.ssl.enabled=true");
			alert.join(PATIENCE);
		}
	}

	@Test
	void aTlsChannelToAPlaintextServer() {
		try (RecordingServer server = RecordingServer.start(new EchoService())) {
			assertThat(failure(server.target(), "ssl.enabled=true")).startsWith("UNAVAILABLE: ")
				.contains("channel 'echo' to %s at ".formatted(server.target()))
				.contains(": the channel uses TLS and the server does not:"
						+ " set strand.client.channels.echo.ssl.enabled=false, or give the server TLS: ");
		}
	}

	@Test
	void aTlsChannelToAPlaintextServerOfStrand() {
		ClientContext.runner()
			.withBean("service", EchoService.class)
			.run((context) -> assertThat(
					failure("localhost:" + context.getBean(GrpcServer.class).getPort(), "ssl.enabled=true"))
				.startsWith("UNAVAILABLE: ")
				.contains("the channel uses TLS and the server does not"));
	}

	@Test
	void aServerThatDiesInTheMiddleOfACallIsNotSuspectedOfTls() {
		Silent service = new Silent();
		try (RecordingServer server = RecordingServer.start(service); TcpProxy proxy = new TcpProxy(server.port())) {
			ConcurrentRun cut = ConcurrentRun.of(1, (index) -> {
				assertThat(service.called.await(20, TimeUnit.SECONDS)).isTrue();
				proxy.close();
			});
			assertThat(failure("localhost:" + proxy.port())).startsWith("UNAVAILABLE: ").doesNotContain("TLS");
			cut.join(PATIENCE);
		}
	}

	/**
	 * Makes one call that is to fail.
	 * @return what the exception says
	 */
	private static String failure(String target, String... properties) {
		String[] message = new String[1];
		ApplicationContextRunner runner = ClientContext.runner()
			.withPropertyValues("strand.server.enabled=false", "strand.client.channels.echo.target=" + target)
			.withBean(Caller.class);
		for (String property : properties) {
			runner = runner.withPropertyValues("strand.client.channels.echo." + property);
		}
		runner.run((context) -> {
			EchoBlockingStub stub = context.getBean(Caller.class).stub;
			message[0] = catchThrowableOfType(StatusRuntimeException.class,
					() -> stub.withDeadlineAfter(PATIENCE).unary(Message.getDefaultInstance()))
				.getMessage();
		});
		return message[0];
	}

	static class Caller {

		final EchoBlockingStub stub;

		Caller(EchoBlockingStub stub) {
			this.stub = stub;
		}

	}

	private static final class Silent extends EchoImplBase {

		private final CountDownLatch called = new CountDownLatch(1);

		@Override
		public void unary(Message request, StreamObserver<Message> responses) {
			this.called.countDown();
		}

	}

}
