package io.strand.grpc;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.IntStream;

import io.grpc.CallOptions;
import io.grpc.ClientCall;
import io.grpc.Context;
import io.grpc.Metadata;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.StreamObserver;
import io.strand.grpc.autoconfigure.client.GrpcClientAutoConfiguration;
import io.strand.grpc.autoconfigure.server.GrpcCallScopeAutoConfiguration;
import io.strand.grpc.autoconfigure.server.GrpcServerAutoConfiguration;
import io.strand.grpc.call.CallEngine;
import io.strand.grpc.call.GrpcCall;
import io.strand.grpc.call.LiveCall;
import io.strand.grpc.client.GrpcChannels;
import io.strand.grpc.server.GrpcServer;
import io.strand.grpc.service.GrpcService;
import io.strand.grpc.service.scope.GrpcCallScope;
import io.strand.grpc.testing.EchoGrpc;
import io.strand.grpc.testing.EchoGrpc.EchoBlockingStub;
import io.strand.grpc.testing.EchoService;
import io.strand.grpc.testing.LeakCheckExtension;
import io.strand.grpc.testing.Message;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

import org.springframework.beans.factory.support.ScopeNotActiveException;
import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.test.context.assertj.AssertableApplicationContext;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.awaitility.Awaitility.await;

/**
 * The guarantees about how many there are of each thing, and how long they live (B…), as
 * far as they are given by now.
 */
@ExtendWith(LeakCheckExtension.class)
@DisplayName("Scope")
class ScopeContractTests {

	private static final int THREADS = 32;

	private final ApplicationContextRunner runner = new ApplicationContextRunner()
		.withConfiguration(AutoConfigurations.of(GrpcServerAutoConfiguration.class, GrpcClientAutoConfiguration.class))
		.withUserConfiguration(Application.class)
		.withPropertyValues("strand.server.port=0", "strand.client.channels.echo.target=self:");

	private final ApplicationContextRunner scoped = new ApplicationContextRunner()
		.withConfiguration(AutoConfigurations.of(GrpcServerAutoConfiguration.class, GrpcClientAutoConfiguration.class,
				GrpcCallScopeAutoConfiguration.class))
		.withUserConfiguration(Scoped.class)
		.withPropertyValues("strand.server.port=0", "strand.client.channels.echo.target=self:");

	@Test
	@DisplayName("B1: a stub is one object wherever it is injected, and whichever thread asks first")
	void b1StubsAreSingletons() {
		this.runner.run((context) -> {
			EchoBlockingStub injected = context.getBean("first", Caller.class).stub;
			assertThat(context.getBean("second", Caller.class).stub).isSameAs(injected);
			assertThat(inThreads(() -> context.getAutowireCapableBeanFactory().createBean(Caller.class).stub))
				.containsOnly(injected);
		});
	}

	@Test
	@DisplayName("B1: a channel is one object for all that ask for its name, and whichever thread asks first")
	void b1ChannelsAreSingletons() {
		this.runner.run((context) -> {
			GrpcChannels channels = context.getBean(GrpcChannels.class);
			List<Object> asked = inThreads(() -> channels.channel("echo"));
			assertThat(asked).hasSize(THREADS).containsOnly(asked.get(0));
			assertThat(asked.get(0)).isSameAs(channels.channel("echo"));
		});
	}

	@Test
	@DisplayName("B1: there is one server")
	void b1ServerIsSingleton() {
		this.runner.run((context) -> {
			assertThat(context).hasSingleBean(GrpcServer.class);
			assertThat(context.getBean(GrpcServer.class)).isSameAs(context.getBean(GrpcServer.class));
		});
	}

	@Test
	@DisplayName("B1: all calls, also at the same time, are handled by the one service bean")
	void b1ServicesAreSingletons() {
		this.runner.run((context) -> {
			EchoBlockingStub stub = context.getBean("first", Caller.class).stub;
			IdentityEcho.called.clear();
			inThreads(() -> stub.unary(Message.getDefaultInstance()));
			assertThat(IdentityEcho.called).containsExactly(context.getBean(IdentityEcho.class));
		});
	}

	@Test
	@DisplayName("B2: a bean of the call scope is one for each call, on each thread of it, and ends with it")
	void b2BeansOfTheCallScopeAreOnePerCall() {
		this.scoped.run((context) -> {
			EchoBlockingStub stub = context.getBean("first", Caller.class).stub;
			Counts counts = context.getBean(Counts.class);
			inThreads(() -> stub.unary(Message.getDefaultInstance()));
			await().untilAsserted(() -> assertThat(counts.destroyed).hasValue(THREADS));
			assertThat(counts.made).hasValue(THREADS);
			assertThat(counts.shared).hasValue(0);
			assertThatExceptionOfType(ScopeNotActiveException.class)
				.isThrownBy(() -> context.getBean(PerCall.class).use())
				.havingRootCause()
				.withMessageContaining("belongs to a gRPC call");
		});
	}

	@Test
	@DisplayName("B2: a call that never runs, refused at a limit or cancelled while it waits there, has none")
	void b2CallsThatNeverRunHaveNone() {
		this.scoped.withPropertyValues("strand.server.limits.max-concurrent-calls=1").run((context) -> {
			EchoBlockingStub stub = context.getBean("first", Caller.class).stub;
			blockOne(context, stub,
					() -> assertThatExceptionOfType(StatusRuntimeException.class)
						.isThrownBy(() -> stub.unary(Message.getDefaultInstance()))
						.withMessageContaining("RESOURCE_EXHAUSTED"));
		});
		this.scoped
			.withPropertyValues("strand.server.limits.max-concurrent-calls=1", "strand.server.limits.max-wait=1m")
			.run((context) -> {
				EchoBlockingStub stub = context.getBean("first", Caller.class).stub;
				CallEngine engine = context.getBean(CallEngine.class);
				blockOne(context, stub, () -> {
					ClientCall<Message, Message> waiting = stub.getChannel()
						.newCall(EchoGrpc.getUnaryMethod(), CallOptions.DEFAULT);
					waiting.start(new ClientCall.Listener<>() {
					}, new Metadata());
					waiting.sendMessage(Message.getDefaultInstance());
					waiting.halfClose();
					await().until(() -> engine.liveCalls()
						.stream()
						.anyMatch((call) -> call.state() == LiveCall.State.WAITING_FOR_PERMIT));
					waiting.cancel("The test cancels", null);
					await().until(() -> engine.liveCalls().size() == 1);
				});
			});
	}

	private static void blockOne(AssertableApplicationContext context, EchoBlockingStub stub, Runnable meanwhile)
			throws Exception {
		Counts counts = context.getBean(Counts.class);
		counts.blocking = true;
		ExecutorService thread = Executors.newSingleThreadExecutor();
		try {
			Future<Message> running = thread.submit(() -> stub.unary(Message.getDefaultInstance()));
			await().until(() -> counts.made.get() == 1);
			meanwhile.run();
			assertThat(counts.destroyed).hasValue(0);
			counts.open.countDown();
			running.get(10, TimeUnit.SECONDS);
			await().until(() -> counts.destroyed.get() == 1);
			await().until(() -> context.getBean(CallEngine.class).liveCalls().isEmpty());
			assertThat(counts.made).hasValue(1);
		}
		finally {
			thread.shutdownNow();
		}
	}

	private static <T> List<Object> inThreads(Callable<T> task) throws Exception {
		ExecutorService threads = Executors.newFixedThreadPool(THREADS);
		try {
			CountDownLatch gate = new CountDownLatch(1);
			List<Future<T>> results = IntStream.range(0, THREADS).mapToObj((i) -> threads.submit(() -> {
				gate.await();
				return task.call();
			})).toList();
			gate.countDown();
			List<Object> values = new ArrayList<>();
			for (Future<T> result : results) {
				values.add(result.get(10, TimeUnit.SECONDS));
			}
			return values;
		}
		finally {
			threads.shutdownNow();
		}
	}

	@Configuration(proxyBeanMethods = false)
	static class Application {

		@Bean
		@GrpcService
		IdentityEcho echo() {
			return new IdentityEcho();
		}

		@Bean
		Caller first(EchoBlockingStub stub) {
			return new Caller(stub);
		}

		@Bean
		Caller second(EchoBlockingStub stub) {
			return new Caller(stub);
		}

	}

	@Configuration(proxyBeanMethods = false)
	static class Scoped {

		@Bean
		@GrpcService
		ScopedEcho echo(PerCall perCall, Counts counts) {
			return new ScopedEcho(perCall, counts);
		}

		@Bean
		Counts counts() {
			return new Counts();
		}

		@Bean(destroyMethod = "end")
		@GrpcCallScope
		PerCall perCall(Counts counts) {
			return new PerCall(counts);
		}

		@Bean
		Caller first(EchoBlockingStub stub) {
			return new Caller(stub);
		}

	}

	static class Counts {

		private final AtomicInteger made = new AtomicInteger();

		private final AtomicInteger destroyed = new AtomicInteger();

		private final AtomicInteger shared = new AtomicInteger();

		private final CountDownLatch open = new CountDownLatch(1);

		private volatile boolean blocking;

	}

	/** Belongs to the call that uses it first. */
	static class PerCall {

		private final Counts counts;

		private final AtomicReference<GrpcCall> owner = new AtomicReference<>();

		PerCall(Counts counts) {
			this.counts = counts;
			if (counts != null) { // not the proxy
				counts.made.incrementAndGet();
			}
		}

		void use() {
			GrpcCall call = GrpcCall.current();
			GrpcCall first = this.owner.compareAndExchange(null, call);
			if (first != null && first != call) {
				this.counts.shared.incrementAndGet();
			}
		}

		void end() {
			this.counts.destroyed.incrementAndGet();
		}

	}

	static class ScopedEcho extends EchoService {

		private final PerCall perCall;

		private final Counts counts;

		ScopedEcho(PerCall perCall, Counts counts) {
			this.perCall = perCall;
			this.counts = counts;
		}

		@Override
		public void unary(Message request, StreamObserver<Message> responses) {
			this.perCall.use();
			CompletableFuture.runAsync(Context.current().wrap(this.perCall::use)).join();
			if (this.counts.blocking) {
				awaitOpen();
			}
			super.unary(request, responses);
		}

		private void awaitOpen() {
			try {
				this.counts.open.await(10, TimeUnit.SECONDS);
			}
			catch (InterruptedException ex) {
				throw new IllegalStateException(ex);
			}
		}

	}

	record Caller(EchoBlockingStub stub) {

	}

	/** Remembers which instances were called. */
	static class IdentityEcho extends EchoService {

		private static final Set<IdentityEcho> called = ConcurrentHashMap.newKeySet();

		@Override
		public void unary(Message request, StreamObserver<Message> responses) {
			called.add(this);
			super.unary(request, responses);
		}

	}

}
