package io.strand.grpc.autoconfigure.server;

import java.time.Duration;
import java.util.List;

import io.grpc.BindableService;
import io.grpc.netty.shaded.io.grpc.netty.NettyServerBuilder;
import io.strand.grpc.call.CallEngine;
import io.strand.grpc.server.GrpcServer;
import io.strand.grpc.server.GrpcServerSettings;
import io.strand.grpc.service.GrpcService;
import io.strand.grpc.testing.CounterService;
import io.strand.grpc.testing.EchoService;
import io.strand.grpc.testing.LeakCheckExtension;
import io.strand.grpc.testing.Message;
import io.strand.grpc.testing.TestClient;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.test.context.FilteredClassLoader;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.context.ApplicationEventPublisher;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Tests for {@link GrpcServerAutoConfiguration}: when there is a server and what it
 * serves.
 */
@ExtendWith(LeakCheckExtension.class)
class GrpcServerAutoConfigurationTests {

	private final ApplicationContextRunner runner = ServerContext.runner();

	@Test
	void whenServiceIsAnnotatedThenServesIt() {
		this.runner.withUserConfiguration(AnnotatedEcho.class).run((context) -> {
			assertThat(context).hasSingleBean(GrpcServer.class).hasBean("strandGrpcServer");
			assertThat(ServerContext.server(context).getServices()).containsExactly("strand.testing.Echo");
			try (TestClient client = ServerContext.client(context)) {
				assertThat(client.echo("hello")).isEqualTo("hello");
			}
		});
	}

	@Test
	void whenServiceIsPlainBeanThenServesIt() {
		this.runner.withUserConfiguration(PlainCounter.class)
			.run((context) -> assertThat(ServerContext.server(context).getServices())
				.containsExactly("strand.testing.Counter"));
	}

	@Test
	void whenServicesAreMixedThenServesAllOnOneServer() {
		this.runner.withUserConfiguration(AnnotatedEcho.class, PlainCounter.class).run((context) -> {
			assertThat(context).hasSingleBean(GrpcServer.class);
			try (TestClient client = ServerContext.client(context)) {
				assertThat(client.echo("hello")).isEqualTo("hello");
				assertThat(client.counter().next(message()).getNumber()).isOne();
			}
		});
	}

	@Test
	void whenServesOnlyAnnotatedThenLeavesPlainBeansOut() {
		this.runner.withUserConfiguration(AnnotatedEcho.class, PlainCounter.class)
			.withPropertyValues("strand.server.serve-all-bindable-services=false")
			.run((context) -> assertThat(ServerContext.server(context).getServices())
				.containsExactly("strand.testing.Echo"));
	}

	@Test
	void whenServesOnlyAnnotatedAndNoneIsThenBacksOff() {
		this.runner.withUserConfiguration(PlainCounter.class)
			.withPropertyValues("strand.server.serve-all-bindable-services=false")
			.run((context) -> assertThat(context).hasNotFailed().doesNotHaveBean(GrpcServer.class));
	}

	@Test
	void whenNoServiceThenBacksOff() {
		this.runner.run((context) -> assertThat(context).hasNotFailed()
			.doesNotHaveBean(GrpcServer.class)
			.doesNotHaveBean(GrpcServerProperties.class));
	}

	@Test
	void whenDisabledThenBacksOff() {
		this.runner.withUserConfiguration(AnnotatedEcho.class)
			.withPropertyValues("strand.server.enabled=false")
			.run((context) -> assertThat(context).hasNotFailed()
				.doesNotHaveBean(GrpcServer.class)
				.hasSingleBean(BindableService.class));
	}

	@Test
	void whenNettyIsMissingThenBacksOff() {
		this.runner.withUserConfiguration(AnnotatedEcho.class)
			.withClassLoader(new FilteredClassLoader(NettyServerBuilder.class))
			.run((context) -> assertThat(context).hasNotFailed().doesNotHaveBean(GrpcServer.class));
	}

	@Test
	void whenGrpcIsMissingThenBacksOff() {
		this.runner.withClassLoader(new FilteredClassLoader("io.grpc"))
			.run((context) -> assertThat(context).hasNotFailed().doesNotHaveBean("strandGrpcServer"));
	}

	@Test
	void whenUserHasServerThenItWins() {
		this.runner.withUserConfiguration(AnnotatedEcho.class, OwnServer.class).run((context) -> {
			assertThat(context).hasSingleBean(GrpcServer.class).hasBean("ownServer");
			assertThat(ServerContext.server(context).getServices()).containsExactly("strand.testing.Counter");
			assertThat(context.getEnvironment().getProperty("local.grpc.server.port", Integer.class))
				.isEqualTo(ServerContext.server(context).getPort());
		});
	}

	@Test
	void whenServiceIsOfOtherAutoConfigurationThenServesIt() {
		// Its name sorts after ours, which is the order without an @AutoConfigureOrder
		this.runner.withConfiguration(AutoConfigurations.of(ZuluAutoConfiguration.class))
			.run((context) -> assertThat(ServerContext.server(context).getServices())
				.containsExactly("strand.testing.Echo"));
	}

	private static Message message() {
		return Message.getDefaultInstance();
	}

	@Configuration(proxyBeanMethods = false)
	static class AnnotatedEcho {

		@Bean
		@GrpcService
		EchoService echo() {
			return new EchoService();
		}

	}

	@Configuration(proxyBeanMethods = false)
	static class PlainCounter {

		@Bean
		CounterService counter() {
			return new CounterService();
		}

	}

	@Configuration(proxyBeanMethods = false)
	static class OwnServer {

		@Bean
		GrpcServer ownServer(CallEngine engine, ApplicationEventPublisher events) {
			GrpcServerSettings settings = new GrpcServerSettings(0, null, null, null, null, null, null, Duration.ZERO,
					Duration.ZERO);
			return new GrpcServer(settings, List.of(new CounterService().bindService()), (builder) -> {
			}, engine, events);
		}

	}

	@AutoConfiguration
	static final class ZuluAutoConfiguration {

		@Bean
		@GrpcService
		EchoService zulu() {
			return new EchoService();
		}

	}

}
