package io.strand.grpc.autoconfigure.client;

import io.grpc.StatusRuntimeException;
import io.grpc.netty.shaded.io.grpc.netty.NettyServerBuilder;
import io.strand.grpc.client.ChannelConfigurationException;
import io.strand.grpc.client.GrpcChannels;
import io.strand.grpc.client.RecordingServer;
import io.strand.grpc.testing.EchoGrpc;
import io.strand.grpc.testing.EchoService;
import io.strand.grpc.testing.LeakCheckExtension;
import io.strand.grpc.testing.Message;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

import org.springframework.boot.test.context.runner.ApplicationContextRunner;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

/**
 * Connection details take the place of a channel's target.
 */
@ExtendWith(LeakCheckExtension.class)
class GrpcChannelConnectionDetailsTests {

	private RecordingServer server;

	private final ApplicationContextRunner runner = ClientContext.runner();

	@BeforeEach
	void startServer() {
		this.server = RecordingServer.start(NettyServerBuilder.forPort(0), new EchoService());
	}

	@AfterEach
	void stopServer() {
		this.server.close();
	}

	@Test
	void theyOverrideTargetAndTlsOfTheProperties() {
		with("stock", this.server.target())
			.withPropertyValues("strand.client.channels.stock.target=stock.invalid:443",
					"strand.client.channels.stock.ssl.enabled=true", "strand.client.channels.stock.user-agent=mine")
			.run((context) -> {
				call(context.getBean(GrpcChannels.class), "stock");
				assertThat(this.server.lastCall().header("user-agent")).startsWith("mine ");
			});
	}

	@Test
	void theChannelNeedNotBeConfigured() {
		with("stock", this.server.target()).run((context) -> {
			call(context.getBean(GrpcChannels.class), "stock");
			assertThat(this.server.calls()).hasSize(1);
		});
	}

	@Test
	void thoseOfTheDefaultChannelAreInheritedByChannelsWithoutTarget() {
		with("default", this.server.target())
			.withPropertyValues("strand.client.channels.default.target=default.invalid:1",
					"strand.client.channels.stock.user-agent=mine",
					"strand.client.channels.other.target=other.invalid:1")
			.run((context) -> {
				call(context.getBean(GrpcChannels.class), "stock");
				assertThat(this.server.lastCall().header("user-agent")).startsWith("mine ");
				assertThat(context.getBean(GrpcChannels.class).channel("other").authority())
					.isEqualTo("other.invalid:1");
			});
	}

	@Test
	void aChannelWithATargetOfItsOwnStaysEncryptedAsTheDefaultChannelSays() {
		with("default", "unused.invalid:1")
			.withPropertyValues("strand.client.channels.default.ssl.enabled=true",
					"strand.client.channels.stock.target=" + this.server.target())
			.run((context) -> {
				GrpcChannels channels = context.getBean(GrpcChannels.class);
				assertThatExceptionOfType(StatusRuntimeException.class).isThrownBy(() -> call(channels, "stock"));
				assertThat(this.server.calls()).isEmpty();
			});
	}

	@Test
	void twoForOneChannelAreRefused() {
		with("stock", "a:1")
			.withBean("second", GrpcChannelConnectionDetails.class,
					() -> GrpcChannelConnectionDetails.of("stock", "b:1"))
			.run((context) -> assertThat(context).getFailure()
				.hasRootCauseInstanceOf(ChannelConfigurationException.class)
				.rootCause()
				.hasMessageContaining("the channel 'stock'"));
	}

	private ApplicationContextRunner with(String channel, String target) {
		return this.runner.withBean("first", GrpcChannelConnectionDetails.class,
				() -> GrpcChannelConnectionDetails.of(channel, target));
	}

	private static void call(GrpcChannels channels, String name) {
		EchoGrpc.newBlockingStub(channels.channel(name)).unary(Message.getDefaultInstance());
	}

}
