package io.strand.grpc.autoconfigure.server;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;

import io.grpc.CallOptions;
import io.grpc.Context;
import io.grpc.Status;
import io.strand.grpc.call.CallEngine;
import io.strand.grpc.call.GrpcCall;
import io.strand.grpc.service.scope.GrpcCallScope;
import io.strand.grpc.service.scope.GrpcContextTaskDecorator;
import io.strand.grpc.testing.EchoGrpc;
import io.strand.grpc.testing.EchoHandlers;
import io.strand.grpc.testing.EchoHandlers.RequestObserver;
import io.strand.grpc.testing.LeakCheckExtension;
import io.strand.grpc.testing.Message;
import io.strand.grpc.testing.Outcome;
import io.strand.grpc.testing.TestClient;
import jakarta.annotation.PreDestroy;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import org.springframework.beans.factory.ObjectProvider;
import org.springframework.beans.factory.support.ScopeNotActiveException;
import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.autoconfigure.task.TaskExecutionAutoConfiguration;
import org.springframework.boot.test.context.FilteredClassLoader;
import org.springframework.boot.test.context.assertj.AssertableApplicationContext;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.context.ApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.ScopedProxyMode;
import org.springframework.core.task.AsyncTaskExecutor;
import org.springframework.core.task.TaskDecorator;
import org.springframework.scheduling.annotation.Async;
import org.springframework.scheduling.annotation.EnableAsync;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.awaitility.Awaitility.await;

/**
 * Tests for {@link GrpcCallScope}, and for the call as a bean.
 */
@ExtendWith(LeakCheckExtension.class)
@DisplayName("Scope")
class GrpcCallScopeTests {

	private final EchoHandlers handlers = new EchoHandlers();

	private final ApplicationContextRunner runner = ServerContext.runner()
		.withConfiguration(AutoConfigurations.of(TaskExecutionAutoConfiguration.class))
		.withUserConfiguration(Application.class)
		.withBean(EchoHandlers.class, () -> this.handlers);

	@Test
	@DisplayName("B2: a bean of the call scope is one per call, on every thread of the call")
	void b2OneInstancePerCallOnEveryThread() {
		this.runner.run((context) -> {
			PerCall proxy = context.getBean(PerCall.class);
			Set<Integer> seen = ConcurrentHashMap.newKeySet();
			this.handlers.unary((request, responses) -> {
				int here = proxy.number();
				CompletableFuture<Integer> there = new CompletableFuture<>();
				new Thread(Context.current().wrap(() -> {
					there.complete(proxy.number());
				})).start();
				assertThat(there.join()).isEqualTo(here).isEqualTo(proxy.number());
				seen.add(here);
				EchoHandlers.echo(request, responses);
			});
			assertThat(call(context).status().isOk()).isTrue();
			assertThat(call(context).status().isOk()).isTrue();
			assertThat(seen).hasSize(2);
			awaitAllDestroyed(context);
		});
	}

	@ParameterizedTest
	@ValueSource(strings = { "auto", "platform" })
	@DisplayName("B2: 200 calls at the same time never share one")
	void b2CallsAtTheSameTimeNeverShare(String threading) {
		int calls = 200;
		CyclicBarrier all = new CyclicBarrier(calls);
		Set<Integer> seen = ConcurrentHashMap.newKeySet();
		this.runner.withPropertyValues("strand.server.handler.threading=" + threading).run((context) -> {
			PerCall proxy = context.getBean(PerCall.class);
			this.handlers.unary((request, responses) -> {
				int mine = proxy.number();
				seen.add(mine);
				awaitAll(all);
				assertThat(proxy.number()).isEqualTo(mine);
				EchoHandlers.echo(request, responses);
			});
			try (TestClient client = ServerContext.client(context)) {
				List<Outcome> outcomes = new ArrayList<>();
				for (int i = 0; i < calls; i++) {
					outcomes.add(start(client));
				}
				assertThat(outcomes).allSatisfy((outcome) -> assertThat(outcome.status().isOk()).isTrue());
			}
			assertThat(seen).hasSize(calls);
			awaitAllDestroyed(context);
		});
	}

	@Test
	@DisplayName("B2: it is destroyed when the call completes, fails, or is cancelled")
	void b2DestroyedHoweverTheCallEnds() {
		this.runner.run((context) -> {
			PerCall proxy = context.getBean(PerCall.class);
			CountDownLatch entered = new CountDownLatch(1);
			this.handlers.unary((request, responses) -> {
				proxy.number();
				throw new IllegalStateException("on purpose");
			}).serverStream((request, responses) -> {
				proxy.number();
				entered.countDown();
				try {
					new CountDownLatch(1).await(10, TimeUnit.SECONDS);
				}
				catch (InterruptedException ex) {
					// Cancelled
				}
			}).bidi((responses) -> {
				proxy.number();
				return new RequestObserver(responses::onNext, responses::onCompleted);
			});
			assertThat(call(context).status().getCode()).isEqualTo(Status.Code.UNKNOWN);
			awaitAllDestroyed(context);
			try (TestClient client = ServerContext.client(context)) {
				Outcome cancelled = Outcome.of(client.channel(), EchoGrpc.getServerStreamMethod(), CallOptions.DEFAULT,
						Message.getDefaultInstance());
				assertThat(entered.await(10, TimeUnit.SECONDS)).isTrue();
				cancelled.cancel();
				awaitAllDestroyed(context);
				Outcome open = Outcome.open(client.channel(), EchoGrpc.getBidiMethod(), CallOptions.DEFAULT);
				open.call().sendMessage(Message.getDefaultInstance());
				await().until(() -> !open.messages().isEmpty());
				assertThat(context.getBean(Counts.class).live()).isOne();
				open.call().halfClose();
				assertThat(open.status().isOk()).isTrue();
				awaitAllDestroyed(context);
			}
			assertThat(context.getBean(Counts.class).made).hasValue(3);
		});
	}

	@Test
	@DisplayName("B2: outside of a call it says so")
	void b2OutsideOfACallItSaysSo() {
		this.runner.run((context) -> {
			assertThat(context).hasNotFailed();
			assertThatExceptionOfType(ScopeNotActiveException.class)
				.isThrownBy(() -> context.getBean(PerCall.class).number())
				.havingRootCause()
				.withMessageContaining("belongs to a gRPC call, and thread 'main' serves none");
			assertThatIllegalStateException().isThrownBy(() -> context.getBean(GrpcCall.class).id())
				.withMessageContaining("serves no gRPC call");
		});
	}

	@Test
	@DisplayName("B2: a thread that goes on after the call is told that its bean is gone")
	void b2AfterTheEndOfTheCallItSaysSo() {
		AtomicReference<Context> late = new AtomicReference<>();
		this.runner.run((context) -> {
			PerCall proxy = context.getBean(PerCall.class);
			this.handlers.unary((request, responses) -> {
				late.set(Context.current());
				proxy.number();
				EchoHandlers.echo(request, responses);
			});
			call(context);
			awaitAllDestroyed(context);
			assertThatExceptionOfType(ScopeNotActiveException.class).isThrownBy(() -> late.get().run(proxy::number))
				.havingRootCause()
				.withMessageContaining("which has ended");
			assertThat(context.getBean(Counts.class).live()).isZero();
		});
	}

	@Test
	@DisplayName("B2: without a proxy, an ObjectProvider gives the bean of the call")
	void b2ObjectProviderGivesTheBeanOfTheCall() {
		this.runner.run((context) -> {
			ObjectProvider<Unproxied> provider = context.getBeanProvider(Unproxied.class);
			AtomicInteger different = new AtomicInteger();
			Set<Object> seen = ConcurrentHashMap.newKeySet();
			this.handlers.unary((request, responses) -> {
				seen.add(provider.getObject());
				different.addAndGet((provider.getObject() != provider.getObject()) ? 1 : 0);
				EchoHandlers.echo(request, responses);
			});
			call(context);
			call(context);
			assertThat(seen).hasSize(2);
			assertThat(different).hasValue(0);
		});
	}

	@Test
	void theCallIsInjectedAsAProxy() {
		this.runner.run((context) -> {
			Caller caller = context.getBean(Caller.class);
			assertThat(caller.provider().getObject()).isSameAs(caller.call());
			AtomicReference<Object> seen = new AtomicReference<>();
			this.handlers.unary((request, responses) -> {
				seen.set(List.of(caller.call().id(), caller.call().method().getFullMethodName(), caller.call().peer(),
						caller.call().headers(), caller.call().isCancelled()));
				assertThat(seen.get())
					.isEqualTo(List.of(GrpcCall.current().id(), GrpcCall.current().method().getFullMethodName(),
							GrpcCall.current().peer(), GrpcCall.current().headers(), false));
				EchoHandlers.echo(request, responses);
			});
			assertThat(call(context).status().isOk()).isTrue();
			assertThat(seen.get()).isNotNull();
			assertThat(caller.call()).hasToString("no gRPC call");
		});
	}

	@Test
	void asyncMethodsSeeTheCallWhereTheContextIsPropagated() {
		this.runner.withPropertyValues("spring.task.execution.propagate-context=true")
			.run(GrpcCallScopeTests.this::assertCarried);
	}

	@Test
	void asyncMethodsSeeTheCallWithoutMicrometerToo() {
		AtomicInteger decorated = new AtomicInteger();
		this.runner.withPropertyValues("spring.task.execution.propagate-context=true")
			.withClassLoader(new FilteredClassLoader("io.micrometer.context"))
			.withBean("own", TaskDecorator.class, () -> (task) -> {
				decorated.incrementAndGet();
				return task;
			})
			.run((context) -> {
				assertThat(context).hasSingleBean(GrpcContextTaskDecorator.class);
				assertCarried(context);
				assertThat(decorated).hasPositiveValue();
			});
	}

	@Test
	void contextIsNotPropagatedUnlessItIsAskedFor() {
		this.runner.run((context) -> {
			assertThat(context).doesNotHaveBean(TaskDecorator.class);
			AtomicReference<Object> seen = new AtomicReference<>();
			this.handlers.unary((request, responses) -> {
				seen.set(context.getBean(Caller.class).isServed().join());
				EchoHandlers.echo(request, responses);
			});
			call(context);
			assertThat(seen).hasValue(false);
		});
	}

	private void assertCarried(AssertableApplicationContext context) {
		Caller caller = context.getBean(Caller.class);
		PerCall proxy = context.getBean(PerCall.class);
		AtomicInteger good = new AtomicInteger();
		this.handlers.unary((request, responses) -> {
			assertThat(caller.idOfAsync().join()).isEqualTo(GrpcCall.current().id());
			assertThat(caller.numberOfAsync(proxy).join()).isEqualTo(proxy.number());
			assertThat(context.getBean(AsyncTaskExecutor.class)
				.submitCompletable(() -> Context.current().getDeadline())
				.join()).isEqualTo(Context.current().getDeadline());
			good.incrementAndGet();
			EchoHandlers.echo(request, responses);
		});
		for (int i = 0; i < 20; i++) {
			assertThat(call(context).status().isOk()).isTrue();
		}
		assertThat(good).hasValue(20);
		// The threads of the executor are left as they were
		assertThat(caller.isServed().join()).isFalse();
	}

	private static Outcome call(ApplicationContext context) {
		try (TestClient client = ServerContext.client(context)) {
			Outcome outcome = start(client);
			outcome.status();
			return outcome;
		}
	}

	private static Outcome start(TestClient client) {
		return Outcome.of(client.channel(), EchoGrpc.getUnaryMethod(),
				CallOptions.DEFAULT.withDeadlineAfter(20, TimeUnit.SECONDS), Message.getDefaultInstance());
	}

	private static void awaitAllDestroyed(ApplicationContext context) {
		CallEngine engine = context.getBean(CallEngine.class);
		await().until(() -> engine.liveCalls().isEmpty());
		Counts counts = context.getBean(Counts.class);
		assertThat(counts.live()).isZero();
		assertThat(counts.made).hasPositiveValue();
	}

	private static void awaitAll(CyclicBarrier barrier) {
		try {
			barrier.await(15, TimeUnit.SECONDS);
		}
		catch (Exception ex) {
			throw new IllegalStateException("The other calls did not come", ex);
		}
	}

	@Configuration(proxyBeanMethods = false)
	@EnableAsync(proxyTargetClass = true)
	static class Application {

		@Bean
		Counts counts() {
			return new Counts();
		}

		@Bean
		@GrpcCallScope
		PerCall perCall(Counts counts) {
			return new PerCall(counts);
		}

		@Bean
		@GrpcCallScope(proxyMode = ScopedProxyMode.NO)
		Unproxied unproxied() {
			return new Unproxied();
		}

		@Bean
		Caller caller(GrpcCall call, ObjectProvider<GrpcCall> provider) {
			return new Caller(call, provider);
		}

	}

	public static class Counts {

		private final AtomicInteger made = new AtomicInteger();

		private final AtomicInteger destroyed = new AtomicInteger();

		int live() {
			return this.made.get() - this.destroyed.get();
		}

	}

	public static class PerCall {

		private final Counts counts;

		private final int number;

		public PerCall(Counts counts) {
			this.counts = counts;
			this.number = counts.made.incrementAndGet();
		}

		public int number() {
			return this.number;
		}

		@PreDestroy
		void destroy() {
			this.counts.destroyed.incrementAndGet();
		}

	}

	static class Unproxied {

	}

	public static class Caller {

		private final GrpcCall call;

		private final ObjectProvider<GrpcCall> provider;

		public Caller(GrpcCall call, ObjectProvider<GrpcCall> provider) {
			this.call = call;
			this.provider = provider;
		}

		public GrpcCall call() {
			return this.call;
		}

		public ObjectProvider<GrpcCall> provider() {
			return this.provider;
		}

		@Async
		public CompletableFuture<Long> idOfAsync() {
			return CompletableFuture.completedFuture(this.call.id());
		}

		@Async
		public CompletableFuture<Integer> numberOfAsync(PerCall proxy) {
			return CompletableFuture.completedFuture(proxy.number());
		}

		@Async
		public CompletableFuture<Boolean> isServed() {
			return CompletableFuture.completedFuture(GrpcCall.currentOrNull() != null);
		}

	}

}
