package io.strand.grpc.autoconfigure.client;

import io.strand.grpc.client.ChannelSettings;
import io.strand.grpc.client.GrpcChannelTargetOverride;
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

/**
 * Channels that a bean sends elsewhere.
 */
@ExtendWith(LeakCheckExtension.class)
class GrpcChannelTargetOverrideTests {

	private RecordingServer fake;

	private RecordingServer real;

	private ApplicationContextRunner runner;

	@BeforeEach
	void startServers() {
		this.fake = RecordingServer.inProcess("override-fake", new EchoService());
		this.real = RecordingServer.start(new EchoService());
		this.runner = ClientContext.runner()
			.withPropertyValues("strand.client.channels.default.target=" + this.real.target(),
					"strand.client.channels.default.deadline=20s", "strand.client.channels.eu.user-agent=eu");
	}

	@AfterEach
	void stopServers() {
		this.fake.close();
		this.real.close();
	}

	@Test
	void aBeanSendsOneChannelElsewhereAndItsSettingsStay() {
		GrpcChannelTargetOverride override = (name, target) -> name.equals("eu") ? "in-process:override-fake" : null;
		this.runner.withBean(GrpcChannelTargetOverride.class, () -> override).run((context) -> {
			GrpcChannels channels = context.getBean(GrpcChannels.class);
			call(channels, "eu");
			assertThat(this.fake.lastCall().secondsLeft()).isBetween(5L, 20L);
			assertThat(this.fake.lastCall().header("user-agent")).startsWith("eu ");
			assertThat(this.real.calls()).isEmpty();
			call(channels, "default");
			assertThat(this.real.calls()).hasSize(1);
		});
	}

	@Test
	void aChannelThatInheritsItsTargetIsAskedForByItself() {
		GrpcChannelTargetOverride override = (name, target) -> name.equals("default") ? "in-process:override-fake"
				: null;
		this.runner.withBean(GrpcChannelTargetOverride.class, () -> override).run((context) -> {
			GrpcChannels channels = context.getBean(GrpcChannels.class);
			call(channels, "eu");
			assertThat(this.real.calls()).hasSize(1);
			call(channels, "default");
			assertThat(this.fake.calls()).hasSize(1);
		});
	}

	@Test
	void aChannelMadeAtRunTimeIsAskedForByItsTarget() {
		GrpcChannelTargetOverride override = (name, target) -> target.equals("branch:1") && name.equals("branch:1")
				? "in-process:override-fake" : null;
		this.runner.withBean(GrpcChannelTargetOverride.class, () -> override).run((context) -> {
			GrpcChannels channels = context.getBean(GrpcChannels.class);
			EchoGrpc.newBlockingStub(channels.create("branch:1", ChannelSettings.builder().build()))
				.unary(Message.getDefaultInstance());
			assertThat(this.fake.calls()).hasSize(1);
		});
	}

	@Test
	void withoutSuchABeanChannelsGoWhereTheyAreConfigured() {
		this.runner.run((context) -> {
			call(context.getBean(GrpcChannels.class), "eu");
			assertThat(this.real.calls()).hasSize(1);
		});
	}

	private static void call(GrpcChannels channels, String name) {
		EchoGrpc.newBlockingStub(channels.channel(name)).unary(Message.getDefaultInstance());
	}

}
