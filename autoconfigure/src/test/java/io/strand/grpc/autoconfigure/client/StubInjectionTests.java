package io.strand.grpc.autoconfigure.client;

import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;

import io.grpc.stub.AbstractStub;
import io.strand.grpc.client.GrpcChannels;
import io.strand.grpc.client.GrpcClient;
import io.strand.grpc.testing.CounterGrpc.CounterBlockingStub;
import io.strand.grpc.testing.EchoGrpc.EchoBlockingStub;
import io.strand.grpc.testing.EchoGrpc.EchoBlockingV2Stub;
import io.strand.grpc.testing.EchoGrpc.EchoFutureStub;
import io.strand.grpc.testing.EchoGrpc.EchoStub;
import io.strand.grpc.testing.StockGrpc.StockBlockingStub;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

import org.springframework.beans.factory.NoSuchBeanDefinitionException;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.beans.factory.annotation.Qualifier;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Lazy;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Stubs are injected wherever the container injects.
 */
class StubInjectionTests {

	private final ApplicationContextRunner runner = ClientContext.runner()
		.withPropertyValues("strand.client.channels.default.target=in-process:nobody");

	@Test
	void everyKindOfStubIsInjectedIntoTheConstructor() {
		this.runner.withBean(EveryKind.class).run((context) -> {
			EveryKind bean = context.getBean(EveryKind.class);
			assertThat(Stream.of(bean.blocking, bean.blockingV2, bean.future, bean.async)).doesNotContainNull()
				.allSatisfy((stub) -> assertThat(stub.getChannel())
					.isSameAs(context.getBean(GrpcChannels.class).channel("default")));
		});
	}

	@Test
	void stubsAreInjectedIntoFieldsAndSetters() {
		this.runner.withBean(FieldsAndSetters.class).run((context) -> {
			FieldsAndSetters bean = context.getBean(FieldsAndSetters.class);
			assertThat(bean.field).isNotNull().isSameAs(bean.bySetter);
		});
	}

	@Test
	void stubsAreInjectedIntoParametersOfBeanMethods() {
		this.runner.withUserConfiguration(BeanMethod.class)
			.run((context) -> assertThat(context.getBean("holder", Holder.class).stub()).isNotNull());
	}

	@Test
	void allInjectionPointsShareOneBean() {
		this.runner.withBean(FieldsAndSetters.class)
			.withBean(EveryKind.class)
			.withUserConfiguration(BeanMethod.class)
			.run((context) -> {
				EchoBlockingStub stub = context.getBean(Holder.class).stub();
				assertThat(context.getBean(EveryKind.class).blocking).isSameAs(stub);
				assertThat(context.getBean(FieldsAndSetters.class).field).isSameAs(stub);
				assertThat(context.getBeansOfType(EchoBlockingStub.class)).hasSize(1).containsValue(stub);
			});
	}

	@Test
	void providersGiveStubs() {
		this.runner.withBean(Providers.class).run((context) -> {
			Providers bean = context.getBean(Providers.class);
			assertThat(ClientContext.stubBeans(context)).isEmpty();
			EchoBlockingStub stub = bean.provider.getObject();
			assertThat(bean.provider.getObject()).isSameAs(stub);
			assertThat(bean.provider.getIfAvailable()).isSameAs(stub);
			assertThat(bean.provider.getIfUnique()).isSameAs(stub);
			assertThat(bean.provider.stream()).containsExactly(stub);
			assertThat(bean.provider.orderedStream()).containsExactly(stub);
			assertThat(bean.optional).isEmpty();
			assertThat(bean.listProvider.getObject()).containsExactly(stub);
		});
	}

	@Test
	void optionalInjectionPointsGetTheStubIfThereIsAChannel() {
		this.runner.withBean(OptionalPoints.class).run((context) -> {
			OptionalPoints bean = context.getBean(OptionalPoints.class);
			assertThat(bean.optional).containsSame(bean.nullable);
			assertThat(bean.notRequired).isSameAs(bean.nullable).isNotNull();
			assertThat(bean.notRequiredList).hasSize(1);
			assertThat(bean.provider.getIfAvailable()).isNotNull();
		});
	}

	@Test
	void optionalInjectionPointsGetNothingIfNoChannelSuits() {
		ClientContext.runner().withBean(OptionalPoints.class).run((context) -> {
			OptionalPoints bean = context.getBean(OptionalPoints.class);
			assertThat(bean.optional).isEmpty();
			assertThat(bean.nullable).isNull();
			assertThat(bean.notRequired).isNull();
			assertThat(bean.notRequiredList).isNull();
			assertThat(bean.provider.getIfAvailable()).isNull();
			assertThat(ClientContext.stubBeans(context)).isEmpty();
		});
	}

	@Test
	void collectionsHoldTheStubOfTheSelectedChannel() {
		this.runner.withBean(Collections.class).run((context) -> {
			Collections bean = context.getBean(Collections.class);
			EchoBlockingStub stub = context.getBean(EchoBlockingStub.class);
			assertThat(bean.list).containsExactly(stub);
			assertThat(bean.set).containsExactly(stub);
			assertThat(bean.collection).containsExactly(stub);
			assertThat(bean.array).containsExactly(stub);
			assertThat(bean.map).containsOnly(Map.entry("default", stub));
			assertThat(bean.named).containsOnlyKeys("default");
		});
	}

	@Test
	void collectionsHoldAStubForEachChannelThatListsTheService() {
		this.runner
			.withPropertyValues("strand.client.channels.eu.services=strand.testing.Echo",
					"strand.client.channels.us.services=strand.testing.Echo",
					"strand.client.shared-services=strand.testing.Echo")
			.withBean(Collections.class)
			.run((context) -> {
				Collections bean = context.getBean(Collections.class);
				GrpcChannels channels = context.getBean(GrpcChannels.class);
				assertThat(bean.map).containsOnlyKeys("eu", "us");
				bean.map.forEach((name, stub) -> assertThat(stub.getChannel()).isSameAs(channels.channel(name)));
				assertThat(bean.list).containsExactlyElementsOf(bean.map.values());
				assertThat(bean.set).containsExactlyElementsOf(bean.map.values());
				assertThat(bean.array).containsExactlyElementsOf(bean.map.values());
				assertThat(bean.named).containsOnlyKeys("default");
			});
	}

	@Test
	void lazyInjectionPointsGetTheStubItself() {
		this.runner.withBean(LazyPoints.class).run((context) -> {
			LazyPoints bean = context.getBean(LazyPoints.class);
			assertThat(bean.stub).isSameAs(context.getBean(EchoBlockingStub.class));
			assertThat(bean.field).isSameAs(bean.stub);
		});
	}

	@Test
	void typeVariablesOfABaseClassAreResolved() {
		this.runner.withBean(Generic.class).run((context) -> {
			Generic bean = context.getBean(Generic.class);
			assertThat(bean.stub).isSameAs(context.getBean(EchoBlockingStub.class));
			assertThat(bean.byConstructor).isSameAs(bean.stub);
			assertThat(bean.list).containsExactly(bean.stub);
			assertThat(bean.unbounded).isSameAs(bean.stub);
		});
	}

	@Test
	void stubsOfOneTypeOnSeveralChannelsAreToldApart() {
		this.runner.withPropertyValues("strand.client.channels.eu.target=in-process:eu")
			.withBean(SeveralChannels.class)
			.run((context) -> {
				SeveralChannels bean = context.getBean(SeveralChannels.class);
				GrpcChannels channels = context.getBean(GrpcChannels.class);
				assertThat(bean.eu.getChannel()).isSameAs(channels.channel("eu"));
				assertThat(bean.byDefault.getChannel()).isSameAs(channels.channel("default"));
				assertThat(bean.plain).isSameAs(bean.byDefault);
				assertThat(bean.setter).isSameAs(bean.eu);
				assertThat(bean.euProvider.getObject()).isSameAs(bean.eu);
				assertThat(bean.euProvider.stream()).containsExactly(bean.eu);
				assertThat(bean.composed).isSameAs(bean.eu);
			});
	}

	@Test
	void stubsThatNobodyAsksForAreNotMade() {
		this.runner.withBean(FieldsAndSetters.class)
			.run((context) -> assertThat(ClientContext.stubBeans(context)).singleElement()
				.isEqualTo("default/" + EchoBlockingStub.class.getCanonicalName()));
	}

	@Test
	void withLazyInitializationStubsAreInjectedToo() {
		this.runner
			.withInitializer((context) -> context
				.addBeanFactoryPostProcessor(new org.springframework.boot.LazyInitializationBeanFactoryPostProcessor()))
			.withBean(EveryKind.class)
			.run((context) -> {
				assertThat(ClientContext.stubBeans(context)).isEmpty();
				assertThat(context.getBean(EveryKind.class).blocking).isNotNull();
			});
	}

	@Test
	void anotherQualifierIsNotAnsweredByAStubOfAnyChannel() {
		this.runner.withBean(OtherQualifier.class)
			.run((context) -> assertThat(context).getFailure()
				.rootCause()
				.isInstanceOf(NoSuchBeanDefinitionException.class));
	}

	@Test
	void aConstructorWhoseStubHasNoChannelGivesWayToAnother() {
		ClientContext.runner()
			.withBean(TwoConstructors.class)
			.run((context) -> assertThat(context.getBean(TwoConstructors.class).stub).isNull());
	}

	@Test
	void twoContextsHaveNothingInCommon() {
		this.runner.withBean(EveryKind.class).run((first) -> this.runner.withBean(EveryKind.class).run((second) -> {
			assertThat(second.getBean(EveryKind.class).blocking).isNotSameAs(first.getBean(EveryKind.class).blocking);
			assertThat(second.getBean(GrpcChannels.class)).isNotSameAs(first.getBean(GrpcChannels.class));
		}));
	}

	@Test
	void aChildContextUsesTheChannelsOfItsParent() {
		this.runner.withPropertyValues("strand.client.channels.eu.target=in-process:eu")
			.withBean(SeveralChannels.class)
			.run((parent) -> this.runner.withParent(parent).withBean(EveryKind.class).run((child) -> {
				EchoBlockingStub stub = child.getBean(EveryKind.class).blocking;
				// the parent has a stub on channel eu as well, which must not be taken
				assertThat(stub.getChannel()).isSameAs(parent.getBean(GrpcChannels.class).channel("default"));
			}));
	}

	@Test
	void aStubBeanOfTheParentIsInjectedIntoTheChild() {
		this.runner.withUserConfiguration(BeanMethod.class)
			.withBean("own", EchoBlockingStub.class,
					() -> io.strand.grpc.testing.EchoGrpc.newBlockingStub(new NoChannel()))
			.run((parent) -> this.runner.withParent(parent)
				.withBean(FieldsAndSetters.class)
				.run((child) -> assertThat(child.getBean(FieldsAndSetters.class).field)
					.isSameAs(parent.getBean("own"))));
	}

	static class EveryKind {

		final EchoBlockingStub blocking;

		final EchoBlockingV2Stub blockingV2;

		final EchoFutureStub future;

		final EchoStub async;

		EveryKind(EchoBlockingStub blocking, EchoBlockingV2Stub blockingV2, EchoFutureStub future, EchoStub async) {
			this.blocking = blocking;
			this.blockingV2 = blockingV2;
			this.future = future;
			this.async = async;
		}

	}

	static class FieldsAndSetters {

		@Autowired
		@Nullable EchoBlockingStub field;

		@Nullable EchoBlockingStub bySetter;

		@Autowired
		void setEcho(EchoBlockingStub echo) {
			this.bySetter = echo;
		}

	}

	record Holder(EchoBlockingStub stub) {

	}

	@Configuration(proxyBeanMethods = false)
	static class BeanMethod {

		@Bean
		Holder holder(EchoBlockingStub echo) {
			return new Holder(echo);
		}

	}

	static class Providers {

		final ObjectProvider<EchoBlockingStub> provider;

		final ObjectProvider<List<EchoBlockingStub>> listProvider;

		final Optional<String> optional;

		Providers(ObjectProvider<EchoBlockingStub> provider, ObjectProvider<List<EchoBlockingStub>> listProvider,
				Optional<String> optional) {
			this.provider = provider;
			this.listProvider = listProvider;
			this.optional = optional;
		}

	}

	static class OptionalPoints {

		final Optional<StockBlockingStub> optional;

		final @Nullable StockBlockingStub nullable;

		final ObjectProvider<StockBlockingStub> provider;

		@Autowired(required = false)
		@Nullable StockBlockingStub notRequired;

		@Autowired(required = false)
		@Nullable List<StockBlockingStub> notRequiredList;

		OptionalPoints(Optional<StockBlockingStub> optional, @Nullable StockBlockingStub nullable,
				ObjectProvider<StockBlockingStub> provider) {
			this.optional = optional;
			this.nullable = nullable;
			this.provider = provider;
		}

	}

	static class Collections {

		final List<EchoBlockingStub> list;

		final Set<EchoBlockingStub> set;

		final Collection<EchoBlockingStub> collection;

		final EchoBlockingStub[] array;

		final Map<String, EchoBlockingStub> map;

		final Map<String, EchoBlockingStub> named;

		Collections(List<EchoBlockingStub> list, Set<EchoBlockingStub> set, Collection<EchoBlockingStub> collection,
				EchoBlockingStub[] array, Map<String, EchoBlockingStub> map,
				@GrpcClient("default") Map<String, EchoBlockingStub> named) {
			this.list = list;
			this.set = set;
			this.collection = collection;
			this.array = array;
			this.map = map;
			this.named = named;
		}

	}

	static class LazyPoints {

		final EchoBlockingStub stub;

		@Lazy
		@Autowired
		@Nullable EchoBlockingStub field;

		LazyPoints(@Lazy EchoBlockingStub stub) {
			this.stub = stub;
		}

	}

	static class GenericBase<S extends AbstractStub<S>, T> {

		@Autowired
		@Nullable S stub;

		@Autowired
		List<S> list = List.of();

		@Autowired
		@Nullable T unbounded;

		final S byConstructor;

		GenericBase(S byConstructor) {
			this.byConstructor = byConstructor;
		}

	}

	static class Generic extends GenericBase<EchoBlockingStub, EchoBlockingStub> {

		Generic(EchoBlockingStub stub) {
			super(stub);
		}

	}

	static class SeveralChannels {

		final EchoBlockingStub plain;

		final EchoBlockingStub eu;

		final EchoBlockingStub byDefault;

		final ObjectProvider<EchoBlockingStub> euProvider;

		@Eu
		@Autowired
		@Nullable EchoBlockingStub composed;

		@Nullable EchoBlockingStub setter;

		SeveralChannels(@GrpcClient("eu") EchoBlockingStub eu, EchoBlockingStub plain,
				@GrpcClient("default") EchoBlockingStub byDefault,
				@GrpcClient("eu") ObjectProvider<EchoBlockingStub> euProvider) {
			this.plain = plain;
			this.eu = eu;
			this.byDefault = byDefault;
			this.euProvider = euProvider;
		}

		@Autowired
		@GrpcClient("eu")
		void setEcho(EchoBlockingStub echo) {
			this.setter = echo;
		}

	}

	@GrpcClient("eu")
	@java.lang.annotation.Retention(java.lang.annotation.RetentionPolicy.RUNTIME)
	@interface Eu {

	}

	static class OtherQualifier {

		OtherQualifier(@Qualifier("mine") EchoBlockingStub stub) {
		}

	}

	static class TwoConstructors {

		final @Nullable CounterBlockingStub stub;

		@Autowired(required = false)
		TwoConstructors(CounterBlockingStub stub) {
			this.stub = stub;
		}

		TwoConstructors() {
			this.stub = null;
		}

	}

}
