package io.strand.grpc.autoconfigure.client;

import java.util.Set;

import io.strand.grpc.client.GrpcChannels;
import io.strand.grpc.client.RecordingServer;
import io.strand.grpc.testing.EchoGrpc;
import io.strand.grpc.testing.EchoService;
import io.strand.grpc.testing.LeakCheckExtension;
import io.strand.grpc.testing.Message;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.test.context.FilteredClassLoader;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
import org.springframework.boot.test.util.TestPropertyValues;
import org.springframework.cloud.context.environment.EnvironmentChangeEvent;
import org.springframework.context.ConfigurableApplicationContext;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Settings that change while the application runs.
 */
@ExtendWith({ LeakCheckExtension.class, OutputCaptureExtension.class })
class ChannelRefreshTests {

	private final RecordingServer server = RecordingServer.start(new EchoService());

	private final ApplicationContextRunner context = ClientContext.runner()
		.withConfiguration(AutoConfigurations.of(GrpcClientRefreshAutoConfiguration.class))
		.withPropertyValues("strand.client.channels.stock.target=" + this.server.target(),
				"strand.client.channels.stock.user-agent=before",
				"strand.client.channels.prices.target=" + this.server.target());

	@AfterEach
	void close() {
		this.server.close();
	}

	@ParameterizedTest
	@CsvSource({ "strand.client.channels.stock.user-agent,stock", "strand.client.channels.default.user-agent,prices" })
	void aChangeAppliesToTheNextCall(String property, String channel) {
		this.context.run((context) -> {
			echo(context, channel);
			change(context, property, "after");
			echo(context, channel);
			assertThat(this.server.lastCall().header("user-agent")).startsWith("after ");
			assertThat(this.server.connections()).isEqualTo(2);
		});
	}

	@Test
	void otherChangesLeaveTheConnection() {
		this.context.run((context) -> {
			echo(context, "stock");
			change(context, "strand.client.channels.prices.user-agent", "after");
			change(context, "strand.server.port", "0");
			change(context, "spring.application.name", "shop");
			echo(context, "stock");
			assertThat(this.server.connections()).isEqualTo(1);
		});
	}

	@Test
	void aChangeOfAPropertyThatASettingIsMadeOfAppliesToo() {
		try (RecordingServer other = RecordingServer.start(new EchoService())) {
			this.context
				.withPropertyValues("shop.port=" + this.server.port(),
						"strand.client.channels.made.target=localhost:${shop.port}")
				.run((context) -> {
					echo(context, "made");
					change(context, "shop.port", String.valueOf(other.port()));
					echo(context, "made");
					assertThat(this.server.calls()).hasSize(1);
					assertThat(other.calls()).hasSize(1);
				});
		}
	}

	@Test
	void aChangeThatCameWithAnInvalidOneAppliesWhenThatIsMended() {
		this.context.run((context) -> {
			echo(context, "prices");
			TestPropertyValues.of("strand.client.channels.prices.user-agent=after").applyTo(context);
			change(context, "strand.client.channels.stock.connections", "0");
			echo(context, "prices");
			assertThat(this.server.connections()).isEqualTo(1);
			change(context, "strand.client.channels.stock.connections", "1");
			echo(context, "prices");
			assertThat(this.server.lastCall().header("user-agent")).startsWith("after ");
		});
	}

	@Test
	void whatIsNotValidIsLoggedAndChangesNothing(CapturedOutput output) {
		this.context.run((context) -> {
			echo(context, "stock");
			change(context, "strand.client.channels.stock.connections", "0");
			echo(context, "stock");
			assertThat(this.server.connections()).isEqualTo(1);
			assertThat(output).contains("The new settings of gRPC channels [stock] are not valid: the old ones stay")
				.contains("strand.client.channels.stock.connections");
		});
	}

	@Test
	void itNeedsSpringCloud() {
		this.context.withClassLoader(new FilteredClassLoader(EnvironmentChangeEvent.class))
			.run((context) -> assertThat(context).hasNotFailed().doesNotHaveBean("strandChannelRefresh"));
	}

	private static void change(ConfigurableApplicationContext context, String property, String value) {
		TestPropertyValues.of(property + "=" + value).applyTo(context);
		context.publishEvent(new EnvironmentChangeEvent(context, Set.of(property)));
	}

	private static void echo(ConfigurableApplicationContext context, String channel) {
		EchoGrpc.newBlockingStub(context.getBean(GrpcChannels.class).channel(channel))
			.unary(Message.getDefaultInstance());
	}

}
