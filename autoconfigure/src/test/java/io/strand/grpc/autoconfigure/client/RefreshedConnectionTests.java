package io.strand.grpc.autoconfigure.client;

import java.util.Set;

import io.strand.grpc.client.GrpcChannelTargetOverride;
import io.strand.grpc.client.GrpcChannels;
import io.strand.grpc.client.RecordingServer;
import io.strand.grpc.testing.EchoGrpc;
import io.strand.grpc.testing.EchoService;
import io.strand.grpc.testing.LeakCheckExtension;
import io.strand.grpc.testing.Message;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.boot.test.util.TestPropertyValues;
import org.springframework.cloud.context.environment.EnvironmentChangeEvent;
import org.springframework.context.ConfigurableApplicationContext;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * What beans say about where a channel connects outlives changes of its properties, and
 * so do its meters.
 */
@ExtendWith(LeakCheckExtension.class)
class RefreshedConnectionTests {

	private final RecordingServer server = RecordingServer.start(new EchoService());

	private final ApplicationContextRunner context = ClientContext.runner()
		.withConfiguration(AutoConfigurations.of(GrpcClientRefreshAutoConfiguration.class))
		.withPropertyValues("strand.client.channels.stock.target=stock.invalid:1");

	@AfterEach
	void close() {
		this.server.close();
	}

	@Test
	void connectionDetailsStay() {
		this.context
			.withBean(GrpcChannelConnectionDetails.class,
					() -> GrpcChannelConnectionDetails.of("stock", this.server.target()))
			.run(this::callsGoToTheServerBeforeAndAfterAChange);
	}

	@Test
	void overriddenTargetsStay() {
		this.context
			.withBean(GrpcChannelTargetOverride.class,
					() -> (channel, target) -> channel.equals("stock") ? this.server.target() : null)
			.run(this::callsGoToTheServerBeforeAndAfterAChange);
	}

	private void callsGoToTheServerBeforeAndAfterAChange(ConfigurableApplicationContext context) {
		echo(context);
		TestPropertyValues.of("strand.client.channels.stock.user-agent=after").applyTo(context);
		context.publishEvent(new EnvironmentChangeEvent(context, Set.of("strand.client.channels.stock.user-agent")));
		echo(context);
		assertThat(this.server.lastCall().header("user-agent")).startsWith("after ");
		assertThat(context.getBean(GrpcChannels.class).activities())
			.filteredOn((activity) -> activity.channelName().equals("stock"))
			.singleElement()
			.satisfies((activity) -> assertThat(activity.connections()).isPositive());
	}

	private static void echo(ConfigurableApplicationContext context) {
		EchoGrpc.newBlockingStub(context.getBean(GrpcChannels.class).channel("stock"))
			.unary(Message.getDefaultInstance());
	}

}
