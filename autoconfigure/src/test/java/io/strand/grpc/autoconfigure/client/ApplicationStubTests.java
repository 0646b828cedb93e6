package io.strand.grpc.autoconfigure.client;

import java.util.List;
import java.util.Map;

import io.strand.grpc.client.GrpcChannels;
import io.strand.grpc.client.GrpcClient;
import io.strand.grpc.testing.EchoGrpc;
import io.strand.grpc.testing.EchoGrpc.EchoBlockingStub;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

import org.springframework.beans.factory.FactoryBean;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Primary;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Stub beans of the application win over those that Strand would provide.
 */
class ApplicationStubTests {

	private final ApplicationContextRunner runner = ClientContext.runner()
		.withPropertyValues("strand.client.channels.default.target=in-process:nobody",
				"strand.client.channels.eu.target=in-process:eu")
		.withBean(Points.class);

	@Test
	void aPlainBeanIsInjectedWhereNoChannelIsNamed() {
		this.runner.withUserConfiguration(Plain.class).run((context) -> {
			Points points = context.getBean(Points.class);
			Object own = context.getBean("own");
			assertThat(points.plain).isSameAs(own);
			assertThat(points.list).singleElement().isSameAs(own);
			assertThat(points.array).singleElement().isSameAs(own);
			assertThat(points.map).containsOnlyKeys("own");
			assertThat(channel(points.eu)).isSameAs(context.getBean(GrpcChannels.class).channel("eu"));
		});
	}

	@Test
	void aBeanThatIsQualifiedTakesThePlaceOfTheStubOnThatChannelOnly() {
		this.runner.withUserConfiguration(Qualified.class).run((context) -> {
			Points points = context.getBean(Points.class);
			assertThat(points.eu).isSameAs(context.getBean("own"));
			assertThat(channel(points.plain)).isSameAs(context.getBean(GrpcChannels.class).channel("default"));
		});
	}

	@Test
	void aBeanThatIsQualifiedIsInjectedWhereItsChannelWouldBeSelected() {
		this.runner.withPropertyValues("strand.client.channels.eu.services=strand.testing.Echo")
			.withUserConfiguration(Qualified.class)
			.run((context) -> {
				Points points = context.getBean(Points.class);
				assertThat(points.eu).isSameAs(context.getBean("own"));
				assertThat(points.plain).isSameAs(context.getBean("own"));
			});
	}

	@Test
	void aBeanThatIsQualifiedIsInjectedWhereNoChannelSuits() {
		ClientContext.runner()
			.withBean(Points.class)
			.withUserConfiguration(Qualified.class)
			.run((context) -> assertThat(context.getBean(Points.class).plain).isSameAs(context.getBean("own")));
	}

	@Test
	void aPrimaryBeanIsInjectedWhereNoChannelIsNamed() {
		this.runner.withUserConfiguration(PrimaryOfTwo.class).run((context) -> {
			Points points = context.getBean(Points.class);
			assertThat(points.plain).isSameAs(context.getBean("first"));
			assertThat(points.list).hasSize(2);
			assertThat(points.eu).isSameAs(context.getBean("first"));
		});
	}

	@Test
	void aFactoryBeanProvidesTheStub() {
		this.runner.withUserConfiguration(ByFactory.class)
			.run((context) -> assertThat(context.getBean(Points.class).plain).isSameAs(context.getBean("own")));
	}

	@Test
	void aBeanMayBeMadeFromTheStubThatItReplaces() {
		this.runner.withUserConfiguration(Decorated.class).run((context) -> {
			Points points = context.getBean(Points.class);
			assertThat(points.plain).isSameAs(context.getBean("own"));
			assertThat(channel(points.plain)).isSameAs(context.getBean(GrpcChannels.class).channel("default"));
			assertThat(points.plain.getCallOptions().getCompressor()).isEqualTo("gzip");
			assertThat(points.eu).isSameAs(context.getBean("eu"));
			assertThat(channel(points.eu)).isSameAs(context.getBean(GrpcChannels.class).channel("eu"));
		});
	}

	@Test
	void aSingletonRegisteredByHandIsInjected() {
		EchoBlockingStub own = stub();
		this.runner.withInitializer((context) -> context.getBeanFactory().registerSingleton("own", own))
			.run((context) -> assertThat(context.getBean(Points.class).plain).isSameAs(own));
	}

	@Test
	void aBeanThatIsNoAutowireCandidateIsNotInjected() {
		this.runner.withUserConfiguration(NoCandidate.class)
			.run((context) -> assertThat(context.getBean(Points.class).plain).isNotSameAs(context.getBean("own")));
	}

	private static @Nullable Object channel(@Nullable EchoBlockingStub stub) {
		return (stub != null) ? stub.getChannel() : null;
	}

	private static EchoBlockingStub stub() {
		return EchoGrpc.newBlockingStub(new NoChannel());
	}

	static class Points {

		final EchoBlockingStub plain;

		final @Nullable EchoBlockingStub eu;

		@Autowired
		List<EchoBlockingStub> list = List.of();

		@Autowired
		EchoBlockingStub[] array = {};

		@Autowired
		Map<String, EchoBlockingStub> map = Map.of();

		Points(EchoBlockingStub plain, @GrpcClient("eu") @Nullable EchoBlockingStub eu) {
			this.plain = plain;
			this.eu = eu;
		}

	}

	@Configuration(proxyBeanMethods = false)
	static class Plain {

		@Bean
		EchoBlockingStub own() {
			return stub();
		}

	}

	@Configuration(proxyBeanMethods = false)
	static class Qualified {

		@Bean
		@GrpcClient("eu")
		EchoBlockingStub own() {
			return stub();
		}

	}

	@Configuration(proxyBeanMethods = false)
	static class PrimaryOfTwo {

		@Bean
		@Primary
		@GrpcClient("eu")
		EchoBlockingStub first() {
			return stub();
		}

		@Bean
		EchoBlockingStub second() {
			return stub();
		}

	}

	@Configuration(proxyBeanMethods = false)
	static class ByFactory {

		@Bean
		StubFactory own() {
			return new StubFactory();
		}

	}

	static class StubFactory implements FactoryBean<EchoBlockingStub> {

		@Override
		public EchoBlockingStub getObject() {
			return stub();
		}

		@Override
		public Class<?> getObjectType() {
			return EchoBlockingStub.class;
		}

	}

	@Configuration(proxyBeanMethods = false)
	static class Decorated {

		@Bean
		EchoBlockingStub own(EchoBlockingStub stub) {
			return stub.withCompression("gzip");
		}

		@Bean
		@GrpcClient("eu")
		EchoBlockingStub eu(@GrpcClient("eu") EchoBlockingStub stub) {
			return stub.withCompression("gzip");
		}

	}

	@Configuration(proxyBeanMethods = false)
	static class NoCandidate {

		@Bean(autowireCandidate = false)
		EchoBlockingStub own() {
			return stub();
		}

	}

}
