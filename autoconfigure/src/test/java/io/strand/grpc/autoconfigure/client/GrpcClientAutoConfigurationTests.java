package io.strand.grpc.autoconfigure.client;

import java.util.List;
import java.util.Map;

import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import io.grpc.stub.AbstractStub;
import io.strand.grpc.client.ChannelSettings;
import io.strand.grpc.client.GrpcChannels;
import io.strand.grpc.client.OwnServer;
import io.strand.grpc.client.StubCandidateResolver;
import io.strand.grpc.testing.EchoGrpc.EchoBlockingStub;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.mockito.BDDMockito;

import org.springframework.beans.factory.NoSuchBeanDefinitionException;
import org.springframework.beans.factory.support.DefaultListableBeanFactory;
import org.springframework.boot.test.context.FilteredClassLoader;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.context.ApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * When the client's auto-configuration is there, and when it backs off.
 */
class GrpcClientAutoConfigurationTests {

	private final ApplicationContextRunner runner = ClientContext.runner();

	@Test
	void channelsAreThereWithoutAnyProperty() {
		this.runner.run((context) -> {
			assertThat(context).hasSingleBean(GrpcChannels.class).hasSingleBean(OwnServer.class);
			assertThat(context).doesNotHaveBean(AbstractStub.class);
			assertThat(resolver(context)).isInstanceOf(StubCandidateResolver.class);
		});
	}

	@Test
	void whenItIsDisabledThenBacksOff() {
		this.runner.withPropertyValues("strand.client.enabled=false").run(this::assertBacksOff);
	}

	@Test
	void whenItIsDisabledStubsAreOrdinaryBeansThatAreMissing() {
		this.runner
			.withPropertyValues("strand.client.enabled=false",
					"strand.client.channels.default.target=in-process:nobody")
			.withUserConfiguration(AsksForStub.class)
			.run((context) -> assertThat(context).getFailure()
				.rootCause()
				.isInstanceOf(NoSuchBeanDefinitionException.class));
	}

	@ParameterizedTest
	@ValueSource(classes = { AbstractStub.class, NettyChannelBuilder.class })
	void whenAClassIsMissingThenBacksOff(Class<?> missing) {
		this.runner.withClassLoader(new FilteredClassLoader(missing)).run(this::assertBacksOff);
	}

	@Test
	void whenTheApplicationHasChannelsOfItsOwnThenTheyAreUsed() {
		this.runner.withPropertyValues("strand.client.channels.default.target=in-process:nobody")
			.withUserConfiguration(OwnChannels.class, AsksForStub.class)
			.run((context) -> {
				assertThat(context).hasSingleBean(GrpcChannels.class).hasBean("ownChannels");
				assertThat(context.getBean(Holder.class).stub().getChannel())
					.isSameAs(context.getBean("ownChannels", GrpcChannels.class).channel("echo"));
			});
	}

	@Test
	void whenTheApplicationKnowsItsServerItselfThenThatIsUsed() {
		OwnServer mine = BDDMockito.mock(OwnServer.class);
		this.runner.withBean("mine", OwnServer.class, () -> mine)
			.run((context) -> assertThat(context.getBean(OwnServer.class)).isSameAs(mine));
	}

	@Test
	void aBeanFactoryThatIsConfiguredLikeItInjectsStubsToo() {
		// as Spring makes them inside, for target sources of proxies
		this.runner.withPropertyValues("strand.client.channels.default.target=in-process:nobody").run((context) -> {
			DefaultListableBeanFactory beans = (DefaultListableBeanFactory) context.getAutowireCapableBeanFactory();
			DefaultListableBeanFactory inner = new DefaultListableBeanFactory(beans);
			inner.copyConfigurationFrom(beans);
			assertThat(inner.getAutowireCandidateResolver()).isInstanceOf(StubCandidateResolver.class)
				.isNotSameAs(beans.getAutowireCandidateResolver());
			Holder holder = (Holder) inner.autowire(Holder.class, DefaultListableBeanFactory.AUTOWIRE_CONSTRUCTOR,
					false);
			assertThat(holder.stub()).isSameAs(context.getBean(EchoBlockingStub.class));
		});
	}

	private void assertBacksOff(ApplicationContext context) {
		assertThat(context.getBeanNamesForType(GrpcChannels.class)).isEmpty();
		assertThat(context.getBeanNamesForType(OwnServer.class)).isEmpty();
		assertThat(resolver(context)).isNotInstanceOf(StubCandidateResolver.class);
	}

	private static Object resolver(ApplicationContext context) {
		return ((DefaultListableBeanFactory) context.getAutowireCapableBeanFactory()).getAutowireCandidateResolver();
	}

	record Holder(EchoBlockingStub stub) {

	}

	@Configuration(proxyBeanMethods = false)
	static class AsksForStub {

		@Bean
		Holder holder(EchoBlockingStub stub) {
			return new Holder(stub);
		}

	}

	@Configuration(proxyBeanMethods = false)
	static class OwnChannels {

		@Bean
		GrpcChannels ownChannels(OwnServer ownServer) {
			return new GrpcChannels(Map.of("echo", ChannelSettings.builder().target("in-process:own").build()),
					List::of, List::of, ownServer, null);
		}

	}

}
