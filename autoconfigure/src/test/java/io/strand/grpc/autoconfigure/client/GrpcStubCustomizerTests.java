package io.strand.grpc.autoconfigure.client;

import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

import io.grpc.CallOptions;
import io.grpc.inprocess.InProcessChannelBuilder;
import io.grpc.stub.AbstractStub;
import io.strand.grpc.client.GrpcClient;
import io.strand.grpc.client.GrpcStubCustomizer;
import io.strand.grpc.testing.EchoGrpc;
import io.strand.grpc.testing.EchoGrpc.EchoBlockingStub;
import io.strand.grpc.testing.EchoGrpc.EchoFutureStub;
import io.strand.grpc.testing.EchoGrpc.EchoStub;
import org.junit.jupiter.api.Test;

import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Import;
import org.springframework.core.annotation.Order;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Customizers of stubs.
 */
class GrpcStubCustomizerTests {

	private static final CallOptions.Key<String> TRACE = CallOptions.Key.createWithDefault("trace", "");

	private final ApplicationContextRunner runner = ClientContext.runner()
		.withPropertyValues("strand.client.channels.default.target=in-process:nobody",
				"strand.client.channels.eu.target=in-process:eu")
		.withUserConfiguration(Callers.class);

	@Test
	void everyStubIsCustomizedOnceAndInOrder() {
		this.runner.withUserConfiguration(Customizers.class).run((context) -> {
			Caller caller = context.getBean(Caller.class);
			assertThat(caller.echo().getCallOptions().getOption(TRACE)).isEqualTo(" 1:default 2:default");
			assertThat(caller.eu().getCallOptions().getOption(TRACE)).isEqualTo(" 1:eu 2:eu");
			assertThat(caller.future().getCallOptions().getCompressor()).isEqualTo("gzip");
			assertThat(caller.echo().getCallOptions().getCompressor()).isNull();
			assertThat(context.getBean(Customizers.class).seen).containsExactlyInAnyOrder("EchoBlockingStub",
					"EchoBlockingStub", "EchoFutureStub");
		});
	}

	@Test
	void aStubBeanOfTheApplicationIsLeftAlone() {
		EchoStub own = EchoGrpc.newStub(InProcessChannelBuilder.forName("own").build());
		this.runner.withUserConfiguration(Customizers.class)
			.withBean("own", EchoStub.class, () -> own)
			.run((context) -> assertThat(context.getBean(EchoStub.class)).isSameAs(own));
	}

	@Test
	void aCustomizerThatReturnsAnotherStubIsNamed() {
		GrpcStubCustomizer wrong = (channel, stub) -> EchoGrpc.newStub(stub.getChannel());
		this.runner.withBean("wrong", GrpcStubCustomizer.class, () -> wrong)
			.run((context) -> assertThat(context).getFailure()
				.rootCause()
				.hasMessageContaining(wrong.getClass().getName())
				.hasMessageContaining("EchoGrpc.EchoBlockingStub on channel 'default'"));
	}

	@Configuration(proxyBeanMethods = false)
	@Import(Caller.class)
	static class Callers {

	}

	record Caller(EchoBlockingStub echo, @GrpcClient("eu") EchoBlockingStub eu, EchoFutureStub future) {

	}

	@Configuration(proxyBeanMethods = false)
	static class Customizers {

		final List<String> seen = new CopyOnWriteArrayList<>();

		@Bean
		@Order(2)
		GrpcStubCustomizer second() {
			return (channel, stub) -> traced(stub, " 2:" + channel);
		}

		@Bean
		@Order(1)
		GrpcStubCustomizer first() {
			return (channel, stub) -> {
				this.seen.add(stub.getClass().getSimpleName());
				return traced(stub, " 1:" + channel);
			};
		}

		@Bean
		GrpcStubCustomizer futures() {
			return (channel, stub) -> (stub instanceof EchoFutureStub) ? stub.withCompression("gzip") : stub;
		}

		private static AbstractStub<?> traced(AbstractStub<?> stub, String text) {
			return stub.withOption(TRACE, stub.getCallOptions().getOption(TRACE) + text);
		}

	}

}
