package io.strand.grpc.autoconfigure.server;

import java.lang.reflect.Parameter;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

import io.grpc.ForwardingServerCallListener.SimpleForwardingServerCallListener;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.Status;
import io.grpc.stub.MetadataUtils;
import io.strand.grpc.call.GrpcCall;
import io.strand.grpc.server.GrpcGlobalServerInterceptor;
import io.strand.grpc.service.GrpcMethodArgumentResolver;
import io.strand.grpc.service.GrpcService;
import io.strand.grpc.testing.CounterGrpc;
import io.strand.grpc.testing.LeakCheckExtension;
import io.strand.grpc.testing.Message;
import io.strand.grpc.testing.TestClient;
import jakarta.validation.Validation;
import jakarta.validation.ValidatorFactory;
import jakarta.validation.constraints.Size;
import org.aopalliance.intercept.MethodInterceptor;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import org.springframework.aop.framework.autoproxy.BeanNameAutoProxyCreator;
import org.springframework.aop.support.AopUtils;
import org.springframework.beans.factory.config.ConfigurableBeanFactory;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Scope;
import org.springframework.context.annotation.ScopedProxyMode;
import org.springframework.scheduling.annotation.Async;
import org.springframework.security.access.prepost.PreAuthorize;
import org.springframework.security.authentication.TestingAuthenticationToken;
import org.springframework.security.config.annotation.method.configuration.EnableMethodSecurity;
import org.springframework.security.core.context.SecurityContextHolder;
import org.springframework.validation.annotation.Validated;
import org.springframework.validation.beanvalidation.MethodValidationPostProcessor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

/**
 * Services of plain methods behind proxies: advice runs, whatever the proxy.
 */
@ExtendWith(LeakCheckExtension.class)
class PlainServiceAdviceTests {

	private static final Metadata.Key<String> USER = Metadata.Key.of("user", Metadata.ASCII_STRING_MARSHALLER);

	private final ApplicationContextRunner runner = ServerContext.runner();

	@ParameterizedTest
	@ValueSource(
			classes = { PackagePrivateMethod.class, ProtectedMethod.class, PublicMethod.class, InheritedMethod.class })
	void adviceOfCglibProxyRunsWhateverTheAccess(Class<?> service) {
		this.runner.withBean("counter", service).withUserConfiguration(Advised.class).run((context) -> {
			assertThat(AopUtils.isCglibProxy(context.getBean("counter"))).isTrue();
			try (TestClient client = ServerContext.client(context)) {
				assertThat(next(client, "ada")).isEqualTo("field of the target");
			}
			assertThat(context.getBean(Advised.class).calls).hasValue(1);
		});
	}

	@Test
	void adviceOfProxyInAScopedProxyRuns() {
		this.runner.withUserConfiguration(ScopedCounter.class, AdvisedScoped.class).run((context) -> {
			try (TestClient client = ServerContext.client(context)) {
				assertThat(next(client, "ada")).isEqualTo("field of the target");
			}
			assertThat(context.getBean(AdvisedScoped.class).calls).hasValue(1);
		});
	}

	@Test
	void jdkProxyOfAGenericInterfaceIsCalledThroughIt() {
		this.runner.withBean("counter", GenericCounter.class)
			.withUserConfiguration(AdvisedByInterface.class)
			.run((context) -> {
				assertThat(AopUtils.isJdkDynamicProxy(context.getBean("counter"))).isTrue();
				try (TestClient client = ServerContext.client(context)) {
					assertThat(next(client, "ada")).isEqualTo("generic");
				}
				assertThat(context.getBean(AdvisedByInterface.class).calls).hasValue(1);
			});
	}

	@Test
	void preAuthorizeIsEnforced() {
		this.runner.withUserConfiguration(Secured.class, SecuredCounter.class).run((context) -> {
			try (TestClient client = ServerContext.client(context)) {
				assertThat(next(client, "ada")).isEqualTo("for admins");
				assertFails(() -> next(client, "bob"));
			}
			assertThat(SecuredCounter.calls).hasValue(1);
		});
	}

	@Test
	void validatedIsEnforced() {
		this.runner.withUserConfiguration(Validating.class, ValidatedCounter.class).run((context) -> {
			try (TestClient client = ServerContext.client(context)) {
				assertThat(next(client, "ada")).isEqualTo("valid ada");
				assertFails(() -> next(client, "somebody whose name is too long"));
			}
		});
	}

	@Test
	void asyncIsRefused() {
		this.runner.withUserConfiguration(AsyncCounter.class)
			.run((context) -> assertThat(context).hasFailed()
				.getFailure()
				.rootCause()
				.hasMessageContaining(
						"'Message next(Message)' is @Async: its call would be answered before it has run."));
	}

	private static void assertFails(Runnable call) {
		assertThatExceptionOfType(RuntimeException.class).isThrownBy(call::run)
			.satisfies((ex) -> assertThat(Status.fromThrowable(ex).isOk()).isFalse())
			.satisfies((ex) -> assertThat(Status.fromThrowable(ex).getCode()).isNotEqualTo(Status.Code.CANCELLED));
	}

	private static String next(TestClient client, String user) {
		Metadata headers = new Metadata();
		headers.put(USER, user);
		return CounterGrpc.newBlockingStub(client.channel())
			.withDeadlineAfter(10, TimeUnit.SECONDS)
			.withInterceptors(MetadataUtils.newAttachHeadersInterceptor(headers))
			.next(Message.getDefaultInstance())
			.getText();
	}

	static class TargetState {

		// A proxy has this field too, and nothing in it
		private final String field = String.valueOf(getClass());

		Message answer() {
			return text((this.field != null) ? "field of the target" : "field of the proxy");
		}

	}

	static Message text(String text) {
		return Message.newBuilder().setText(text).build();
	}

	@GrpcService(CounterGrpc.class)
	static class PackagePrivateMethod extends TargetState {

		Message next(Message request) {
			return answer();
		}

	}

	@GrpcService(CounterGrpc.class)
	static class ProtectedMethod extends TargetState {

		protected Message next(Message request) {
			return answer();
		}

	}

	@GrpcService(CounterGrpc.class)
	static class PublicMethod extends TargetState {

		public Message next(Message request) {
			return answer();
		}

	}

	@GrpcService(CounterGrpc.class)
	static class InheritedMethod extends PackagePrivateMethod {

	}

	@GrpcService(CounterGrpc.class)
	@Scope(scopeName = ConfigurableBeanFactory.SCOPE_PROTOTYPE, proxyMode = ScopedProxyMode.TARGET_CLASS)
	static class ScopedCounter extends PackagePrivateMethod {

	}

	interface Operation<T> {

		T next(T request);

	}

	@GrpcService(CounterGrpc.class)
	static class GenericCounter implements Operation<Message> {

		@Override
		public Message next(Message request) {
			return text("generic");
		}

	}

	abstract static class Advice {

		final AtomicInteger calls = new AtomicInteger();

		static BeanNameAutoProxyCreator proxies(String bean, boolean targetClass) {
			BeanNameAutoProxyCreator creator = new BeanNameAutoProxyCreator();
			creator.setBeanNames(bean);
			creator.setInterceptorNames("advice");
			creator.setProxyTargetClass(targetClass);
			return creator;
		}

		@Bean
		MethodInterceptor advice() {
			return (invocation) -> {
				if (invocation.getMethod().getName().equals("next")) {
					this.calls.incrementAndGet();
				}
				return invocation.proceed();
			};
		}

	}

	@Configuration(proxyBeanMethods = false)
	static class Advised extends Advice {

		@Bean
		static BeanNameAutoProxyCreator proxies() {
			return proxies("counter", true);
		}

	}

	@Configuration(proxyBeanMethods = false)
	static class AdvisedScoped extends Advice {

		@Bean
		static BeanNameAutoProxyCreator proxies() {
			return proxies("scopedTarget.*", true);
		}

	}

	@Configuration(proxyBeanMethods = false)
	static class AdvisedByInterface extends Advice {

		@Bean
		static BeanNameAutoProxyCreator proxies() {
			return proxies("counter", false);
		}

	}

	@Configuration(proxyBeanMethods = false)
	@EnableMethodSecurity
	static class Secured {

		@Bean
		@GrpcGlobalServerInterceptor
		ServerInterceptor authentication() {
			return new Authentication();
		}

	}

	/** Believes what the client says of itself. */
	static class Authentication implements ServerInterceptor {

		@Override
		public <Q, R> ServerCall.Listener<Q> interceptCall(ServerCall<Q, R> call, Metadata headers,
				ServerCallHandler<Q, R> next) {
			String user = headers.get(USER);
			return new SimpleForwardingServerCallListener<>(next.startCall(call, headers)) {

				@Override
				public void onHalfClose() {
					SecurityContextHolder.getContext()
						.setAuthentication(new TestingAuthenticationToken(user, "",
								"ada".equals(user) ? "ROLE_ADMIN" : "ROLE_USER"));
					try {
						super.onHalfClose();
					}
					finally {
						SecurityContextHolder.clearContext();
					}
				}

			};
		}

	}

	@GrpcService(CounterGrpc.class)
	static class SecuredCounter {

		private static final AtomicInteger calls = new AtomicInteger();

		@PreAuthorize("hasRole('ADMIN')")
		Message next(Message request) {
			calls.incrementAndGet();
			return text("for admins");
		}

	}

	@Configuration(proxyBeanMethods = false)
	static class Validating {

		@Bean
		static ValidatorFactory validatorFactory() {
			return Validation.buildDefaultValidatorFactory();
		}

		@Bean
		static MethodValidationPostProcessor methodValidation(ValidatorFactory factory) {
			MethodValidationPostProcessor processor = new MethodValidationPostProcessor();
			processor.setValidatorFactory(factory);
			return processor;
		}

		@Bean
		GrpcMethodArgumentResolver user() {
			return new GrpcMethodArgumentResolver() {

				@Override
				public boolean supports(Parameter parameter) {
					return parameter.isAnnotationPresent(Size.class);
				}

				@Override
				public @Nullable Object resolve(GrpcCall call) {
					return call.headers().get(USER);
				}

			};
		}

	}

	@GrpcService(CounterGrpc.class)
	@Validated
	static class ValidatedCounter {

		Message next(@Size(max = 10) String user, Message request) {
			return text("valid " + user);
		}

	}

	@GrpcService(CounterGrpc.class)
	static class AsyncCounter {

		@Async
		Message next(Message request) {
			return request;
		}

	}

}
