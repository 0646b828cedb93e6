package io.strand.grpc.autoconfigure.server;

import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;

import io.grpc.ServerInterceptor;
import io.grpc.stub.StreamObserver;
import io.strand.grpc.autoconfigure.server.RecordingInterceptor.Journal;
import io.strand.grpc.autoconfigure.server.scanned.ScannedInterceptor;
import io.strand.grpc.server.GrpcGlobalServerInterceptor;
import io.strand.grpc.service.GrpcService;
import io.strand.grpc.testing.CounterService;
import io.strand.grpc.testing.EchoService;
import io.strand.grpc.testing.LeakCheckExtension;
import io.strand.grpc.testing.Message;
import io.strand.grpc.testing.TestClient;
import org.aopalliance.intercept.MethodInterceptor;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

import org.springframework.aop.framework.autoproxy.BeanNameAutoProxyCreator;
import org.springframework.aop.support.AopUtils;
import org.springframework.beans.factory.config.ConfigurableBeanFactory;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.context.ApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.ComponentScan;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Scope;
import org.springframework.context.annotation.ScopedProxyMode;
import org.springframework.core.annotation.Order;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Tests for {@link GrpcService}: where it may stand, and its interceptors.
 */
@ExtendWith(LeakCheckExtension.class)
class GrpcServiceTests {

	private final ApplicationContextRunner runner = ServerContext.runner()
		.withBean(Journal.class)
		.withUserConfiguration(GlobalInterceptors.class);

	@Test
	void annotatedClassIsFoundByComponentScan() {
		this.runner.withUserConfiguration(Scanned.class).run((context) -> {
			assertThat(context).hasBean("namedByAnnotation");
			try (TestClient client = ServerContext.client(context)) {
				assertThat(client.echo("hello")).isEqualTo("hello");
			}
			assertThat(context.getBean(ScannedInterceptor.class).calls()).isOne();
		});
	}

	@Test
	void interceptorsOfServiceRunAfterTheGlobalOnesInTheOrderGiven() {
		this.runner.withUserConfiguration(OwnInterceptors.class)
			.run((context) -> assertThat(interceptorsOfCall(context)).containsExactly("global first", "global second",
					"type bean", "type created", "name b", "name a"));
	}

	@Test
	void interceptorsOfServiceDoNotInterceptOtherServices() {
		this.runner.withUserConfiguration(OwnInterceptors.class, Counter.class).run((context) -> {
			try (TestClient client = ServerContext.client(context)) {
				client.counter().next(Message.getDefaultInstance());
			}
			assertThat(context.getBean(Journal.class).takeAll()).containsExactly("global first", "global second");
		});
	}

	@Test
	void interceptorThatIsNoGlobalOneByAnnotationInterceptsNothing() {
		this.runner.withUserConfiguration(Echo.class).withBean("plain", ServerInterceptor.class, () -> {
			throw new AssertionError("Nobody needs it");
		}, (definition) -> definition.setLazyInit(true)).run((context) -> {
			assertThat(context).hasNotFailed();
			assertThat(interceptorsOfCall(context)).containsExactly("global first", "global second");
		});
	}

	@Test
	void excludedTypeOfGlobalInterceptorIsLeftOut() {
		this.runner.withUserConfiguration(ExcludesSecond.class)
			.run((context) -> assertThat(interceptorsOfCall(context)).containsExactly("global first"));
	}

	@Test
	void excludingServerInterceptorLeavesAllGlobalOnesOutAndKeepsItsOwn() {
		this.runner.withUserConfiguration(ExcludesAll.class)
			.run((context) -> assertThat(interceptorsOfCall(context)).containsExactly("name a"));
	}

	private static List<String> interceptorsOfCall(ApplicationContext context) {
		try (TestClient client = ServerContext.client(context)) {
			client.echo("hello");
		}
		return context.getBean(Journal.class).takeAll();
	}

	@Test
	void serviceBehindCglibProxyIsServedThroughTheProxy() {
		this.runner.withUserConfiguration(Echo.class, Advised.class).run((context) -> {
			assertThat(AopUtils.isCglibProxy(context.getBean("echo"))).isTrue();
			try (TestClient client = ServerContext.client(context)) {
				assertThat(client.echo("hello")).isEqualTo("hello");
			}
			assertThat(context.getBean(Advised.class).calls).hasValue(1);
		});
	}

	@Test
	void annotationsOnClassBehindCglibProxyAreSeen() {
		this.runner.withBean("echo", ExcludingEcho.class).withUserConfiguration(Advised.class).run((context) -> {
			assertThat(AopUtils.isCglibProxy(context.getBean("echo"))).isTrue();
			assertThat(interceptorsOfCall(context)).isEmpty();
		});
	}

	@Test
	void scopedProxyIsServedOnceAndItsTargetIsMadeForEachCall() {
		this.runner.withUserConfiguration(ScopedEcho.class)
			.withPropertyValues("strand.server.serve-all-bindable-services=false")
			.run((context) -> {
				assertThat(context).hasNotFailed().hasBean("scopedTarget.scoped");
				assertThat(ServerContext.server(context).getServices()).containsExactly("strand.testing.Echo");
				try (TestClient client = ServerContext.client(context)) {
					assertThat(client.echo("hello")).isNotEqualTo(client.echo("hello"));
				}
				assertThat(context.getBean(Journal.class).takeAll()).containsOnly("global first");
			});
	}

	@Test
	void scopedPlainServiceIsServedOnce() {
		this.runner.withUserConfiguration(ScopedPlainEcho.class)
			.run((context) -> assertThat(ServerContext.server(context).getServices())
				.containsExactly("strand.testing.Echo"));
	}

	@Test
	void scopedGlobalInterceptorIsUsedThroughItsProxyOnly() {
		this.runner.withUserConfiguration(Echo.class, ScopedInterceptor.class)
			.run((context) -> assertThat(interceptorsOfCall(context)).containsExactly("scoped", "global first",
					"global second"));
	}

	@Configuration(proxyBeanMethods = false)
	static class GlobalInterceptors {

		@Bean
		@GrpcGlobalServerInterceptor
		@Order(2)
		SecondInterceptor a(Journal journal) {
			return new SecondInterceptor(journal);
		}

		@Bean
		@GrpcGlobalServerInterceptor
		@Order(1)
		RecordingInterceptor b(Journal journal) {
			return new RecordingInterceptor("global first", journal);
		}

	}

	static class SecondInterceptor extends RecordingInterceptor {

		SecondInterceptor(Journal journal) {
			super("global second", journal);
		}

	}

	@Configuration(proxyBeanMethods = false)
	@ComponentScan(basePackageClasses = ScannedInterceptor.class)
	static class Scanned {

	}

	@Configuration(proxyBeanMethods = false)
	static class Echo {

		@Bean
		@GrpcService
		EchoService echo() {
			return new EchoService();
		}

	}

	@Configuration(proxyBeanMethods = false)
	static class Counter {

		@Bean
		CounterService counter() {
			return new CounterService();
		}

	}

	@Configuration(proxyBeanMethods = false)
	static class NamedInterceptors {

		@Bean
		RecordingInterceptor nameA(Journal journal) {
			return new RecordingInterceptor("name a", journal);
		}

		@Bean
		RecordingInterceptor nameB(Journal journal) {
			return new RecordingInterceptor("name b", journal);
		}

	}

	@Configuration(proxyBeanMethods = false)
	static class OwnInterceptors extends NamedInterceptors {

		@Bean
		@GrpcService(interceptors = { TypeInterceptor.class, CreatedInterceptor.class },
				interceptorNames = { "nameB", "nameA" })
		EchoService echo() {
			return new EchoService();
		}

		@Bean
		TypeInterceptor typeInterceptor(Journal journal) {
			return new TypeInterceptor("type bean", journal);
		}

	}

	static class TypeInterceptor extends RecordingInterceptor {

		TypeInterceptor(String name, Journal journal) {
			super(name, journal);
		}

	}

	/** Not a bean. */
	static class CreatedInterceptor extends RecordingInterceptor {

		CreatedInterceptor(Journal journal) {
			super("type created", journal);
		}

	}

	@Configuration(proxyBeanMethods = false)
	static class ExcludesSecond {

		@Bean
		@GrpcService(excludedInterceptors = SecondInterceptor.class)
		EchoService echo() {
			return new EchoService();
		}

	}

	@Configuration(proxyBeanMethods = false)
	static class ExcludesAll extends NamedInterceptors {

		@Bean
		@GrpcService(interceptorNames = "nameA", excludedInterceptors = ServerInterceptor.class)
		EchoService echo() {
			return new EchoService();
		}

	}

	@GrpcService(excludedInterceptors = ServerInterceptor.class)
	static class ExcludingEcho extends EchoService {

	}

	@Configuration(proxyBeanMethods = false)
	static class Advised {

		private final AtomicInteger calls = new AtomicInteger();

		@Bean
		static BeanNameAutoProxyCreator proxies() {
			BeanNameAutoProxyCreator creator = new BeanNameAutoProxyCreator();
			creator.setBeanNames("echo");
			creator.setInterceptorNames("advice");
			creator.setProxyTargetClass(true);
			return creator;
		}

		@Bean
		MethodInterceptor advice() {
			return (invocation) -> {
				if (invocation.getMethod().getName().equals("unary")) {
					this.calls.incrementAndGet();
				}
				return invocation.proceed();
			};
		}

	}

	@Configuration(proxyBeanMethods = false)
	static class ScopedEcho {

		@Bean
		@GrpcService(excludedInterceptors = SecondInterceptor.class)
		@Scope(scopeName = ConfigurableBeanFactory.SCOPE_PROTOTYPE, proxyMode = ScopedProxyMode.TARGET_CLASS)
		IdentityEcho scoped() {
			return new IdentityEcho();
		}

	}

	@Configuration(proxyBeanMethods = false)
	static class ScopedPlainEcho {

		@Bean
		@Scope(scopeName = ConfigurableBeanFactory.SCOPE_PROTOTYPE, proxyMode = ScopedProxyMode.TARGET_CLASS)
		IdentityEcho scoped() {
			return new IdentityEcho();
		}

	}

	/** Answers with what tells one instance from another. */
	static class IdentityEcho extends EchoService {

		private static final AtomicInteger instances = new AtomicInteger();

		private final int number = instances.incrementAndGet();

		@Override
		public void unary(Message request, StreamObserver<Message> responses) {
			super.unary(request.toBuilder().setText("instance " + this.number).build(), responses);
		}

	}

	@Configuration(proxyBeanMethods = false)
	static class ScopedInterceptor {

		@Bean
		@GrpcGlobalServerInterceptor
		@Order(0)
		@Scope(scopeName = ConfigurableBeanFactory.SCOPE_PROTOTYPE, proxyMode = ScopedProxyMode.INTERFACES)
		ServerInterceptor scoped(Journal journal) {
			return new RecordingInterceptor("scoped", journal);
		}

	}

}
