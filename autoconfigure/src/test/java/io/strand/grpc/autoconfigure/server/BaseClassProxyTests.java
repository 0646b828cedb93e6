package io.strand.grpc.autoconfigure.server;

import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;

import javax.sql.DataSource;

import io.grpc.BindableService;
import io.grpc.CallOptions;
import io.grpc.stub.StreamObserver;
import io.strand.grpc.server.InvalidGrpcServiceException;
import io.strand.grpc.service.GrpcService;
import io.strand.grpc.service.scope.GrpcCallScope;
import io.strand.grpc.testing.EchoGrpc;
import io.strand.grpc.testing.EchoService;
import io.strand.grpc.testing.LeakCheckExtension;
import io.strand.grpc.testing.Message;
import io.strand.grpc.testing.Outcome;
import io.strand.grpc.testing.TestClient;
import org.aopalliance.intercept.MethodInterceptor;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import org.springframework.aop.framework.ProxyFactory;
import org.springframework.aop.framework.autoproxy.BeanNameAutoProxyCreator;
import org.springframework.aop.support.AopUtils;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.ScopedProxyMode;
import org.springframework.core.env.Environment;
import org.springframework.jdbc.datasource.embedded.EmbeddedDatabaseBuilder;
import org.springframework.jdbc.datasource.embedded.EmbeddedDatabaseType;
import org.springframework.jdbc.support.JdbcTransactionManager;
import org.springframework.transaction.annotation.EnableTransactionManagement;
import org.springframework.transaction.annotation.Transactional;
import org.springframework.transaction.support.TransactionSynchronizationManager;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Services with a generated base class behind proxies: advice runs, or the start says
 * that it cannot.
 */
@ExtendWith(LeakCheckExtension.class)
class BaseClassProxyTests {

	private final ApplicationContextRunner runner = ServerContext.runner();

	@ParameterizedTest
	@ValueSource(booleans = { false, true })
	void adviceRunsForMethodsOfEveryKindWhateverTheProxy(boolean proxyTargetClass) {
		this.runner.withBean("echo", EchoService.class)
			.withUserConfiguration(Advised.class)
			.withPropertyValues("class=" + proxyTargetClass)
			.run((context) -> {
				assertThat(AopUtils.isJdkDynamicProxy(context.getBean("echo"))).isEqualTo(!proxyTargetClass);
				try (TestClient client = ServerContext.client(context)) {
					for (var method : List.of(EchoGrpc.getUnaryMethod(), EchoGrpc.getServerStreamMethod(),
							EchoGrpc.getClientStreamMethod(), EchoGrpc.getBidiMethod())) {
						Outcome outcome = Outcome.of(client.channel(), method, CallOptions.DEFAULT,
								Message.newBuilder().setNumber(1).build());
						assertThat(outcome.status().isOk()).isTrue();
						assertThat(outcome.messages()).hasSize(1);
					}
				}
				assertThat(context.getBean(Advised.class).calls).containsOnlyKeys("unary", "serverStream",
						"clientStream", "bidi");
				assertThat(context.getBean(Advised.class).calls.values()).allMatch((count) -> count.get() == 1);
			});
	}

	@Test
	void transactionIsThereBehindAProxyOfInterfaces() {
		this.runner.withBean("echo", TransactionalEcho.class)
			.withUserConfiguration(Transactions.class)
			.run((context) -> {
				assertThat(AopUtils.isJdkDynamicProxy(context.getBean("echo"))).isTrue();
				try (TestClient client = ServerContext.client(context)) {
					assertThat(client.echo("x")).isEqualTo("in transaction true");
				}
			});
	}

	@Test
	void scopedProxyOfInterfacesFindsTheServiceOfEachCall() {
		this.runner.withUserConfiguration(EchoOfCall.class).run((context) -> {
			try (TestClient client = ServerContext.client(context)) {
				assertThat(client.echo("x")).isNotEqualTo(client.echo("x"));
			}
		});
	}

	@Test
	void proxyThatDoesNotKnowTheHandlersIsRefused() {
		this.runner.withUserConfiguration(OnlyBindable.class)
			.run((context) -> assertThat(context).hasFailed()
				.getFailure()
				.rootCause()
				.isInstanceOf(InvalidGrpcServiceException.class)
				.hasMessageContaining("The proxy of bean 'echo' (" + EchoService.class.getName()
						+ ") does not know the methods of the generated base class, so its advice would see no call.")
				.hasMessageContaining("proxyTargetClass = true"));
	}

	@Test
	void finalHandlersThatAProxyMustOverrideAreRefused() {
		this.runner.withBean("echo", FinalEcho.class)
			.withUserConfiguration(Advised.class)
			.withPropertyValues("class=true")
			.run((context) -> assertThat(context).hasFailed()
				.getFailure()
				.rootCause()
				.isInstanceOf(InvalidGrpcServiceException.class)
				.hasMessageContaining("Handlers of bean 'echo' (" + FinalEcho.class.getName()
						+ ") are final, and its proxy must override them: bidi, unary.")
				.hasMessageContaining("Remove 'final'."));
		this.runner.withBean("echo", FinalEcho.class).run((context) -> {
			try (TestClient client = ServerContext.client(context)) {
				assertThat(client.echo("x")).isEqualTo("x");
			}
		});
	}

	@Configuration(proxyBeanMethods = false)
	static class Advised {

		final Map<String, AtomicInteger> calls = new ConcurrentHashMap<>();

		@Bean
		static BeanNameAutoProxyCreator proxies(Environment environment) {
			BeanNameAutoProxyCreator creator = new BeanNameAutoProxyCreator();
			creator.setBeanNames("echo");
			creator.setInterceptorNames("advice");
			creator.setProxyTargetClass(environment.getRequiredProperty("class", Boolean.class));
			return creator;
		}

		@Bean
		MethodInterceptor advice() {
			return (invocation) -> {
				if (invocation.getMethod().getReturnType() != Class.class
						&& !invocation.getMethod().getName().equals("bindService")) {
					this.calls.computeIfAbsent(invocation.getMethod().getName(), (name) -> new AtomicInteger())
						.incrementAndGet();
				}
				return invocation.proceed();
			};
		}

	}

	@Configuration(proxyBeanMethods = false)
	@EnableTransactionManagement
	static class Transactions {

		@Bean(destroyMethod = "shutdown")
		DataSource dataSource() {
			return new EmbeddedDatabaseBuilder().generateUniqueName(true).setType(EmbeddedDatabaseType.H2).build();
		}

		@Bean
		JdbcTransactionManager transactionManager(DataSource dataSource) {
			return new JdbcTransactionManager(dataSource);
		}

	}

	static class TransactionalEcho extends EchoService {

		@Override
		@Transactional
		public void unary(Message request, StreamObserver<Message> responses) {
			super.unary(request.toBuilder()
				.setText("in transaction " + TransactionSynchronizationManager.isActualTransactionActive())
				.build(), responses);
		}

	}

	@GrpcService
	@GrpcCallScope(proxyMode = ScopedProxyMode.INTERFACES)
	static class EchoOfCall extends EchoService {

		private static final AtomicInteger instances = new AtomicInteger();

		private final int number = instances.incrementAndGet();

		@Override
		public void unary(Message request, StreamObserver<Message> responses) {
			super.unary(request.toBuilder().setText("instance " + this.number).build(), responses);
		}

	}

	@Configuration(proxyBeanMethods = false)
	static class OnlyBindable {

		@Bean
		BindableService echo() {
			ProxyFactory factory = new ProxyFactory();
			factory.setTarget(new EchoService());
			factory.addInterface(BindableService.class);
			return (BindableService) factory.getProxy();
		}

	}

	static class FinalBidi extends EchoService {

		@Override
		public final StreamObserver<Message> bidi(StreamObserver<Message> responses) {
			return super.bidi(responses);
		}

	}

	static class FinalEcho extends FinalBidi {

		@Override
		public final void unary(Message request, StreamObserver<Message> responses) {
			super.unary(request, responses);
		}

		public final void helper() {
		}

	}

}
