package io.strand.grpc.autoconfigure.client;

import java.util.stream.Stream;

import io.grpc.stub.AbstractStub;
import io.strand.grpc.client.GrpcChannels;
import io.strand.grpc.testing.EchoGrpc;
import io.strand.grpc.testing.EchoGrpc.EchoBlockingStub;
import io.strand.grpc.testing.EchoService;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Settings of methods that do not exist are told of at the start.
 */
@ExtendWith(OutputCaptureExtension.class)
class MethodNamesCheckTests {

	private final ApplicationContextRunner contexts = ClientContext.runner()
		.withPropertyValues("strand.client.channels.echo.target=localhost:1");

	@Test
	void namesThatExistAreNotToldOf(CapturedOutput output) {
		start(this.contexts.withBean(Caller.class), "strand.testing.Echo/Unary", "strand.testing.Echo");
		assertThat(output).doesNotContain("no effect");
	}

	@Test
	void aMisspeltMethodIsToldOfWithTheNearest(CapturedOutput output) {
		start(this.contexts.withBean(Caller.class), "strand.testing.Echo/unary");
		assertThat(output).contains("strand.client.channels.echo.methods[strand.testing.Echo/unary] has no effect: the"
				+ " service has no such method. Did you mean 'strand.testing.Echo/Unary'?");
	}

	@Test
	void aMethodThatIsLikeNoneIsToldOfWithAll(CapturedOutput output) {
		start(this.contexts.withBean(Caller.class), "strand.testing.Echo/SomethingQuiteDifferent");
		assertThat(output).contains("There is: strand.testing.Echo/Bidi, strand.testing.Echo/ClientStream,"
				+ " strand.testing.Echo/ServerStream, strand.testing.Echo/Unary.");
	}

	@Test
	void aMisspeltServiceIsToldOfWithTheNearest(CapturedOutput output) {
		start(this.contexts.withBean(Caller.class), "strand.testing.Ecco", "strand.tasting.Echo/Unary",
				"strand.testing.Echo.Unary");
		assertThat(output).contains(
				"methods[strand.testing.Ecco] has no effect so far: no stub and no service of this application knows the"
						+ " service 'strand.testing.Ecco'. Did you mean 'strand.testing.Echo'?",
				"Did you mean 'strand.testing.Echo/Unary'?", "methods[strand.testing.Echo.Unary] has no effect so far");
		assertThat(output.toString().split("Did you mean 'strand.testing.Echo/Unary'")).hasSize(3);
	}

	@Test
	void theStubsOfTheApplicationAreKnown(CapturedOutput output) {
		start(this.contexts.withUserConfiguration(OwnStub.class), "strand.testing.Echo/unary",
				"strand.testing.Echo/Bidi");
		assertThat(output).contains("Did you mean 'strand.testing.Echo/Unary'?")
			.doesNotContain("[strand.testing.Echo/Bidi]");
	}

	@Test
	void theServicesOfTheApplicationAreKnown(CapturedOutput output) {
		start(this.contexts.withBean(EchoService.class).withPropertyValues("strand.server.enabled=false"),
				"strand.testing.Echo/Unari");
		assertThat(output).contains("Did you mean 'strand.testing.Echo/Unary'?");
	}

	@Test
	void servicesThatAChannelListsMayHaveStubsThatAreNoBeans(CapturedOutput output) {
		start(this.contexts.withBean(Caller.class)
			.withPropertyValues("strand.client.channels.other.services=other.Service"), "other.Service/Call");
		assertThat(output).doesNotContain("no effect");
	}

	@Test
	void nothingIsSaidWhereNothingIsKnown(CapturedOutput output) {
		start(this.contexts, "strand.testing.Echo/unary");
		assertThat(output).doesNotContain("no effect");
	}

	@Test
	void theChannelOfAnEntryIsNamed(CapturedOutput output) {
		start(this.contexts.withBean(Caller.class)
			.withPropertyValues("strand.client.channels.default.methods[strand.testing.Echo/Bidy].deadline=1s"));
		assertThat(output).contains("strand.client.channels.default.methods[strand.testing.Echo/Bidy] has no effect");
		assertThat(output.toString().split("no effect")).hasSize(2);
	}

	private static void start(ApplicationContextRunner contexts, String... entries) {
		contexts
			.withPropertyValues(Stream.of(entries)
				.map((entry) -> "strand.client.channels.echo.methods[%s].deadline=1s".formatted(entry))
				.toArray(String[]::new))
			.run((context) -> assertThat(context).hasNotFailed());
	}

	static class Caller {

		final AbstractStub<?> stub;

		Caller(EchoBlockingStub stub) {
			this.stub = stub;
		}

	}

	@Configuration(proxyBeanMethods = false)
	static class OwnStub {

		@Bean
		EchoBlockingStub stub(GrpcChannels channels) {
			return EchoGrpc.newBlockingStub(channels.channel("echo"));
		}

	}

}
