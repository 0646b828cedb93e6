package io.strand.grpc.autoconfigure.server;

import java.util.Iterator;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

import com.google.protobuf.ByteString;
import io.grpc.ServerBuilder;
import io.grpc.inprocess.InProcessServerBuilder;
import io.grpc.netty.shaded.io.grpc.netty.NettyServerBuilder;
import io.grpc.util.MutableHandlerRegistry;
import io.strand.grpc.server.GrpcServerBuilderCustomizer;
import io.strand.grpc.service.GrpcService;
import io.strand.grpc.testing.CounterService;
import io.strand.grpc.testing.EchoService;
import io.strand.grpc.testing.LeakCheckExtension;
import io.strand.grpc.testing.Message;
import io.strand.grpc.testing.TestClient;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.annotation.Order;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Tests for {@link GrpcServerBuilderCustomizer}.
 */
@ExtendWith({ LeakCheckExtension.class, OutputCaptureExtension.class })
class GrpcServerBuilderCustomizerTests {

	private final ApplicationContextRunner runner = ServerContext.runner()
		.withUserConfiguration(Echo.class)
		.withPropertyValues("strand.server.in-process.name=customized");

	@Test
	void typedCustomizersSeeOnlyBuildersOfTheirType() {
		this.runner.withUserConfiguration(TypedCustomizers.class).run((context) -> {
			assertThat(context).hasNotFailed();
			assertThat(context.getBean(Calls.class)).containsExactly("NettyServerBuilder by netty",
					"NettyServerBuilder by any", "InProcessServerBuilder by inProcess",
					"InProcessServerBuilder by any");
		});
	}

	@Test
	void lambdaCustomizersSeeOnlyBuildersOfTheirType() {
		this.runner.withUserConfiguration(LambdaCustomizers.class).run((context) -> {
			assertThat(context).hasNotFailed();
			assertThat(context.getBean(Calls.class)).containsExactly("NettyServerBuilder by netty",
					"NettyServerBuilder by any", "InProcessServerBuilder by inProcess",
					"InProcessServerBuilder by any");
		});
	}

	@Test
	void customizersAreCalledAfterTheProperties() {
		this.runner.withUserConfiguration(LargeMessages.class)
			.withPropertyValues("strand.server.max-inbound-message-size=1KB")
			.run((context) -> {
				Message large = Message.newBuilder().setPayload(ByteString.copyFrom(new byte[4096])).build();
				try (TestClient client = ServerContext.client(context)) {
					assertThat(client.echo().unary(large)).isEqualTo(large);
				}
			});
	}

	@Test
	void customizerThatFailsKeepsTheServerFromStartingAndLeavesNothingOpen() {
		this.runner.withUserConfiguration(FailingCustomizer.class)
			.run((context) -> assertThat(context).getFailure()
				.rootCause()
				.isInstanceOf(IllegalStateException.class)
				.hasMessage("customizer failed"));
	}

	@ParameterizedTest
	@ValueSource(classes = { AddingCustomizer.class, FallbackCustomizer.class })
	void servicesThatCustomizersAddAreServedAndWarnedOf(Class<?> customizer, CapturedOutput output) {
		this.runner.withUserConfiguration(customizer).run((context) -> {
			assertThat(context).hasNotFailed();
			assertThat(output).contains("whose calls no interceptor sees: strand.testing.Counter")
				.contains("@GrpcService");
		});
	}

	@Test
	void ownServicesAreNotWarnedOf(CapturedOutput output) {
		this.runner.run((context) -> assertThat(output).doesNotContain("no interceptor sees"));
	}

	@Configuration(proxyBeanMethods = false)
	static class AddingCustomizer {

		@Bean
		GrpcServerBuilderCustomizer<NettyServerBuilder> adding() {
			return (builder) -> builder.addService(new CounterService());
		}

	}

	@Configuration(proxyBeanMethods = false)
	static class FallbackCustomizer {

		@Bean
		GrpcServerBuilderCustomizer<NettyServerBuilder> fallback() {
			return (builder) -> {
				MutableHandlerRegistry registry = new MutableHandlerRegistry();
				registry.addService(new CounterService());
				builder.fallbackHandlerRegistry(registry);
			};
		}

	}

	@Configuration(proxyBeanMethods = false)
	static class Echo {

		@Bean
		@GrpcService
		EchoService echo() {
			return new EchoService();
		}

		@Bean
		Calls calls() {
			return new Calls(new CopyOnWriteArrayList<>());
		}

	}

	/** In the order of the bean names the first would come last. */
	@Configuration(proxyBeanMethods = false)
	static class LambdaCustomizers {

		@Bean
		@Order(2)
		GrpcServerBuilderCustomizer<ServerBuilder<?>> any(Calls calls) {
			return (builder) -> calls.add(builder, "any");
		}

		@Bean
		@Order(1)
		GrpcServerBuilderCustomizer<NettyServerBuilder> netty(Calls calls) {
			return (builder) -> calls.add(builder, "netty");
		}

		@Bean
		@Order(1)
		GrpcServerBuilderCustomizer<InProcessServerBuilder> inProcess(Calls calls) {
			return (builder) -> calls.add(builder, "inProcess");
		}

	}

	@Configuration(proxyBeanMethods = false)
	static class TypedCustomizers {

		@Bean
		AnyCustomizer any(Calls calls) {
			return new AnyCustomizer(calls);
		}

		@Bean
		InProcessCustomizer inProcess(Calls calls) {
			return new InProcessCustomizer(calls);
		}

		@Bean
		NettyCustomizer netty(Calls calls) {
			return new NettyCustomizer(calls);
		}

	}

	@Configuration(proxyBeanMethods = false)
	static class LargeMessages {

		@Bean
		GrpcServerBuilderCustomizer<NettyServerBuilder> largeMessages() {
			return (builder) -> builder.maxInboundMessageSize(8192);
		}

	}

	@Configuration(proxyBeanMethods = false)
	static class FailingCustomizer {

		@Bean
		GrpcServerBuilderCustomizer<InProcessServerBuilder> failing() {
			return (builder) -> {
				throw new IllegalStateException("customizer failed");
			};
		}

	}

	@Order(1)
	static class NettyCustomizer implements GrpcServerBuilderCustomizer<NettyServerBuilder> {

		private final Calls calls;

		NettyCustomizer(Calls calls) {
			this.calls = calls;
		}

		@Override
		public void customize(NettyServerBuilder builder) {
			this.calls.add(builder, "netty");
		}

	}

	@Order(1)
	static class InProcessCustomizer implements GrpcServerBuilderCustomizer<InProcessServerBuilder> {

		private final Calls calls;

		InProcessCustomizer(Calls calls) {
			this.calls = calls;
		}

		@Override
		public void customize(InProcessServerBuilder builder) {
			this.calls.add(builder, "inProcess");
		}

	}

	@Order(2)
	static class AnyCustomizer implements GrpcServerBuilderCustomizer<ServerBuilder<?>> {

		private final Calls calls;

		AnyCustomizer(Calls calls) {
			this.calls = calls;
		}

		@Override
		public void customize(ServerBuilder<?> builder) {
			this.calls.add(builder, "any");
		}

	}

	record Calls(List<String> list) implements Iterable<String> {

		void add(ServerBuilder<?> builder, String customizer) {
			this.list.add(builder.getClass().getSimpleName() + " by " + customizer);
		}

		@Override
		public Iterator<String> iterator() {
			return this.list.iterator();
		}

	}

}
