package io.strand.grpc.autoconfigure.client;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;

import io.grpc.Status.Code;
import io.grpc.StatusRuntimeException;
import io.strand.grpc.client.GrpcChannels;
import io.strand.grpc.client.RecordingServer;
import io.strand.grpc.testing.EchoGrpc;
import io.strand.grpc.testing.EchoService;
import io.strand.grpc.testing.FailedStart;
import io.strand.grpc.testing.FreePort;
import io.strand.grpc.testing.LeakCheckExtension;
import io.strand.grpc.testing.Message;
import io.strand.grpc.testing.SilentHost;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import org.springframework.boot.autoconfigure.ImportAutoConfiguration;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
import org.springframework.context.annotation.Configuration;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.awaitility.Awaitility.await;

/**
 * When channels connect, and what is said of those that cannot.
 */
@ExtendWith({ LeakCheckExtension.class, OutputCaptureExtension.class })
class ChannelStartUpTests {

	private final RecordingServer server = RecordingServer.start(new EchoService());

	private final int nobody = FreePort.find();

	@AfterEach
	void close() {
		this.server.close();
	}

	@Test
	void aChannelConnectsWithTheFirstCall() {
		context("stock.target=" + this.server.target()).run((context) -> {
			assertThat(this.server.connections()).isZero();
			echo(context.getBean(GrpcChannels.class), "stock");
			assertThat(this.server.connections()).isEqualTo(1);
		});
	}

	@Test
	void anEagerChannelConnectsWithTheApplication() {
		context("stock.target=" + this.server.target(), "default.connect=eager")
			.run((context) -> await().until(() -> this.server.connections() == 1));
	}

	@Test
	void anEagerChannelThatCannotConnectHoldsNothingUp() {
		context("stock.target=localhost:" + this.nobody, "stock.connect=eager")
			.run((context) -> assertThat(context).hasNotFailed());
	}

	@Test
	void aChannelThatIsWaitedForIsConnectedWhenTheApplicationHasStarted() {
		context("stock.target=" + this.server.target(), "stock.connect=wait", "stock.connections=2")
			.run((context) -> await().until(() -> this.server.connections() > 0));
	}

	@Test
	void theApplicationDoesNotStartWithoutWhatItWaitsFor(CapturedOutput output) {
		FailedStart failed = FailedStart.of(Application.class, output,
				"--strand.client.channels.stock.target=localhost:" + this.nobody,
				"--strand.client.channels.prices.target=static://127.0.0.1:" + this.nobody,
				"--strand.client.channels.default.connect=wait", "--strand.client.channels.default.connect-timeout=2s");
		assertThat(String.join("\n", failed.analysis()))
			.contains("Channel 'stock' could not connect to localhost:%d within 2000 ms: UNAVAILABLE"
				.formatted(this.nobody))
			.contains("Channel 'prices' could not connect to static://127.0.0.1:%d within 2000 ms: UNAVAILABLE"
				.formatted(this.nobody))
			.contains("Connection refused: /127.0.0.1:" + this.nobody)
			.contains("strand.client.channels.prices.connect-timeout");
	}

	@Test
	void aPeerThatDoesNotAnswerIsSaidNotTo(CapturedOutput output) throws IOException {
		try (ServerSocket silent = new ServerSocket(0, 5, InetAddress.getLoopbackAddress())) {
			FailedStart failed = FailedStart.of(Application.class, output,
					"--strand.client.channels.stock.target=127.0.0.1:" + silent.getLocalPort(),
					"--strand.client.channels.stock.connect=wait",
					"--strand.client.channels.stock.connect-timeout=200ms");
			assertThat(String.join("\n", failed.analysis())).contains("still connecting");
		}
	}

	@Test
	void theChannelToTheOwnServerIsNotWaitedFor() {
		context("self.connect=wait", "self.connect-timeout=1ms").run((context) -> assertThat(context).hasNotFailed());
	}

	@ParameterizedTest
	@ValueSource(strings = { "localhost", "127.0.0.1" })
	void aCallThatFindsNobodySaysWhere(String host) {
		context("stock.target=%s:%d".formatted(host, this.nobody))
			.run((context) -> assertThatExceptionOfType(StatusRuntimeException.class)
				.isThrownBy(() -> echo(context.getBean(GrpcChannels.class), "stock"))
				.satisfies((ex) -> assertThat(ex.getStatus().getCode()).isEqualTo(Code.UNAVAILABLE))
				.withMessageContaining("channel 'stock' to %s:%d".formatted(host, this.nobody))
				.withMessageContaining("/127.0.0.1:" + this.nobody));
	}

	@Test
	void anAttemptToConnectToAHostThatDoesNotAnswerEndsAfterTheTimeout() {
		try (SilentHost host = new SilentHost()) {
			context("stock.target=127.0.0.1:" + host.port(), "stock.connect-timeout=300ms", "stock.deadline=20s")
				.run((context) -> assertThatExceptionOfType(StatusRuntimeException.class)
					.isThrownBy(() -> echo(context.getBean(GrpcChannels.class), "stock"))
					.satisfies((ex) -> assertThat(ex.getStatus().getCode()).isEqualTo(Code.UNAVAILABLE))
					.withMessageContaining("timed out after 300 ms: /127.0.0.1:" + host.port()));
		}
	}

	private static ApplicationContextRunner context(String... properties) {
		ApplicationContextRunner runner = ClientContext.runner();
		for (String property : properties) {
			runner = runner.withPropertyValues("strand.client.channels." + property);
		}
		return runner;
	}

	private static void echo(GrpcChannels channels, String name) {
		EchoGrpc.newBlockingStub(channels.channel(name)).unary(Message.getDefaultInstance());
	}

	@Configuration(proxyBeanMethods = false)
	@ImportAutoConfiguration(GrpcClientAutoConfiguration.class)
	static class Application {

	}

}
