package io.strand.grpc.server;

import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;

import io.strand.grpc.call.CallEngine;
import io.strand.grpc.call.HandlerSettings;
import io.strand.grpc.testing.EchoService;
import io.strand.grpc.testing.LeakCheckExtension;
import io.strand.grpc.testing.TestClient;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

/**
 * Tests for {@link UnixSocketEndpoint}.
 */
@ExtendWith({ LeakCheckExtension.class, OutputCaptureExtension.class })
class UnixSocketEndpointTests {

	@TempDir
	private Path directory;

	private final CallEngine engine = new CallEngine((method) -> HandlerSettings.DEFAULT, true, 10);

	@AfterEach
	void closeEngine() {
		this.engine.close();
	}

	@Test
	void servesAndRemovesItsFileWhenItStops(CapturedOutput output) {
		Path socket = this.directory.resolve("grpc.sock");
		GrpcServer server = serverOn(socket);
		server.start();
		try (TestClient client = TestClient.unixSocket(socket)) {
			assertThat(client.echo("hello")).isEqualTo("hello");
		}
		assertThat(server.getLocalAddress()).isEqualTo(UnixDomainSocketAddress.of(socket));
		server.stop();
		assertThat(Files.exists(socket)).isFalse();
		assertThat(output).contains("gRPC server started on unix:" + socket).doesNotContain("WARN");
	}

	@Test
	void canBeStartedAgain() {
		Path socket = this.directory.resolve("grpc.sock");
		GrpcServer server = serverOn(socket);
		for (int i = 0; i < 2; i++) {
			server.start();
			try (TestClient client = TestClient.unixSocket(socket)) {
				assertThat(client.echo("hello")).isEqualTo("hello");
			}
			server.stop();
		}
	}

	@Test
	void socketFileThatNobodyListensOnIsReplaced() throws Exception {
		Path socket = this.directory.resolve("stale.sock");
		listenOn(socket).close();
		assertThat(Files.exists(socket)).isTrue();
		GrpcServer server = serverOn(socket);
		server.start();
		try (TestClient client = TestClient.unixSocket(socket)) {
			assertThat(client.echo("hello")).isEqualTo("hello");
		}
		server.stop();
	}

	@Test
	void socketThatSomebodyListensOnIsRefusedAndLeftAlone() throws Exception {
		Path socket = this.directory.resolve("live.sock");
		try (ServerSocketChannel listening = listenOn(socket)) {
			assertRefused(socket, "Another process listens on the socket.");
			assertThat(Files.exists(socket)).isTrue();
			assertThat(listening.isOpen()).isTrue();
		}
	}

	@Test
	void ordinaryFileIsRefusedAndLeftAlone() throws Exception {
		Path file = Files.writeString(this.directory.resolve("notes.txt"), "precious");
		assertRefused(file, "A file that is no socket is in the way.");
		assertThat(Files.readString(file)).isEqualTo("precious");
	}

	@Test
	void directoryIsRefusedAndLeftAlone() {
		assertRefused(this.directory, "A file that is no socket is in the way.");
		assertThat(Files.isDirectory(this.directory)).isTrue();
	}

	@Test
	void linkIsRefusedAndLeftAlone() throws Exception {
		Path link = Files.createSymbolicLink(this.directory.resolve("link.sock"), this.directory.resolve("nowhere"));
		assertRefused(link, "A file that is no socket is in the way.");
		assertThat(Files.isSymbolicLink(link)).isTrue();
	}

	@Test
	void missingDirectoryIsRefused() {
		assertRefused(this.directory.resolve("missing").resolve("grpc.sock"), "The socket cannot be made: ");
	}

	@Test
	void pathThatIsTooLongIsRefused() {
		assertRefused(this.directory.resolve("x".repeat(120)), "The socket cannot be made: ");
	}

	private void assertRefused(Path path, String reason) {
		GrpcServer server = serverOn(path);
		assertThatExceptionOfType(GrpcServerStartException.class).isThrownBy(server::start).satisfies((ex) -> {
			assertThat(ex.getProperty()).isEqualTo("strand.server.unix-socket");
			assertThat(ex.getValue()).isEqualTo(path);
			assertThat(ex.getReason()).startsWith(reason);
			assertThat(ex.getRemedy()).isNotEmpty();
		});
		assertThat(server.isRunning()).isFalse();
	}

	private GrpcServer serverOn(Path socket) {
		GrpcServerSettings settings = new GrpcServerSettings(-1, null, null, socket, null, null, null,
				Duration.ofSeconds(5), Duration.ZERO);
		return new GrpcServer(settings, List.of(new EchoService().bindService()), (builder) -> {
		}, this.engine, (event) -> {
		});
	}

	private static ServerSocketChannel listenOn(Path socket) throws Exception {
		return ServerSocketChannel.open(StandardProtocolFamily.UNIX).bind(UnixDomainSocketAddress.of(socket));
	}

}
