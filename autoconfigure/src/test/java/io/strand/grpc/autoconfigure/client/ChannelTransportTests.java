package io.strand.grpc.autoconfigure.client;

import java.net.UnixDomainSocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

import io.grpc.InsecureServerCredentials;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.shaded.io.grpc.netty.NettyServerBuilder;
import io.grpc.netty.shaded.io.netty.channel.EventLoopGroup;
import io.grpc.netty.shaded.io.netty.channel.MultiThreadIoEventLoopGroup;
import io.grpc.netty.shaded.io.netty.channel.nio.NioIoHandler;
import io.grpc.netty.shaded.io.netty.channel.socket.nio.NioServerDomainSocketChannel;
import io.strand.grpc.client.RecordingServer;
import io.strand.grpc.testing.EchoGrpc.EchoBlockingStub;
import io.strand.grpc.testing.EchoService;
import io.strand.grpc.testing.LeakCheckExtension;
import io.strand.grpc.testing.Message;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
import org.springframework.context.ApplicationContext;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * Every form of target reaches its server.
 */
@ExtendWith({ LeakCheckExtension.class, OutputCaptureExtension.class })
class ChannelTransportTests {

	@Test
	void hostAndPort() {
		try (RecordingServer server = RecordingServer.start(new EchoService())) {
			call("localhost:" + server.port());
			call("127.0.0.1:" + server.port());
			assertThat(server.calls()).extracting(RecordingServer.RecordedCall::authority)
				.containsExactly("localhost:" + server.port(), "127.0.0.1:" + server.port());
		}
	}

	@Test
	void dns() {
		try (RecordingServer server = RecordingServer.start(new EchoService())) {
			call("dns:///localhost:" + server.port());
			assertThat(server.lastCall().authority()).isEqualTo("localhost:" + server.port());
		}
	}

	@Test
	void inProcess() {
		try (RecordingServer server = RecordingServer.inProcess("transport-tests", new EchoService())) {
			call("in-process:transport-tests");
			assertThat(server.calls()).hasSize(1);
		}
	}

	@Test
	void unixSocket(@TempDir Path directory, CapturedOutput output) {
		Path path = directory.resolve("echo.sock");
		EventLoopGroup loops = new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory());
		NettyServerBuilder builder = NettyServerBuilder
			.forAddress(UnixDomainSocketAddress.of(path), InsecureServerCredentials.create())
			.channelType(NioServerDomainSocketChannel.class)
			.bossEventLoopGroup(loops)
			.workerEventLoopGroup(loops);
		try (RecordingServer server = RecordingServer.start(builder, new EchoService())) {
			call("unix:" + path);
			call("unix://" + path, "strand.client.channels.default.load-balancing-policy=round_robin");
			assertThat(server.calls()).extracting(RecordingServer.RecordedCall::authority)
				.containsExactly("localhost", "localhost");
			assertThat(output).doesNotContain("bootstrap.Bootstrap -- Unknown channel option");
		}
		finally {
			loops.shutdownGracefully(0, 1, TimeUnit.SECONDS).awaitUninterruptibly(5, TimeUnit.SECONDS);
		}
	}

	@Test
	void allHostsOfAStaticTargetGetCallsEachByItsOwnName() {
		try (RecordingServer first = RecordingServer.start(new EchoService());
				RecordingServer second = RecordingServer.start(new EchoService())) {
			run("static://localhost:%d,127.0.0.1:%d".formatted(first.port(), second.port()), (stub) -> {
				// the first calls may come before the second connection is ready
				await().until(() -> {
					echo(stub);
					return !first.calls().isEmpty() && !second.calls().isEmpty();
				});
				assertThat(first.calls())
					.allSatisfy((call) -> assertThat(call.authority()).isEqualTo("localhost:" + first.port()));
				assertThat(second.calls())
					.allSatisfy((call) -> assertThat(call.authority()).isEqualTo("127.0.0.1:" + second.port()));
				assertThat(first.connections() + second.connections()).isEqualTo(2);
			});
		}
	}

	@Test
	void ifOneHostOfAStaticTargetIsDownTheOtherAnswers() {
		try (RecordingServer first = RecordingServer.start(new EchoService());
				RecordingServer second = RecordingServer.start(new EchoService())) {
			run("static://localhost:%d,localhost:%d,no.such.host.invalid:1".formatted(first.port(), second.port()),
					(stub) -> {
						await().until(() -> {
							echo(stub);
							return !first.calls().isEmpty() && !second.calls().isEmpty();
						});
						first.close();
						// calls that are on their way to the first may be lost with it
						await().ignoreException(StatusRuntimeException.class).untilAsserted(() -> {
							int before = second.calls().size();
							for (int i = 0; i < 20; i++) {
								echo(stub);
							}
							assertThat(second.calls()).hasSize(before + 20);
						});
					});
		}
	}

	@Test
	void aStaticTargetWithOneHost() {
		try (RecordingServer server = RecordingServer.start(new EchoService())) {
			call("static://localhost:" + server.port());
			assertThat(server.connections()).isEqualTo(1);
		}
	}

	private static void call(String target, String... properties) {
		run(target, ChannelTransportTests::echo, properties);
	}

	private static void run(String target, Consumer<EchoBlockingStub> calls, String... properties) {
		ClientContext.runner()
			.withPropertyValues("strand.client.channels.default.target=" + target)
			.withPropertyValues(properties)
			.withBean(Caller.class)
			.run((context) -> calls.accept(stub(context)));
	}

	private static EchoBlockingStub stub(ApplicationContext context) {
		return context.getBean(Caller.class).stub;
	}

	private static void echo(EchoBlockingStub stub) {
		Message message = Message.newBuilder().setText("hello").build();
		assertThat(stub.withDeadlineAfter(Duration.ofSeconds(10)).unary(message)).isEqualTo(message);
	}

	static class Caller {

		final EchoBlockingStub stub;

		Caller(EchoBlockingStub stub) {
			this.stub = stub;
		}

	}

}
