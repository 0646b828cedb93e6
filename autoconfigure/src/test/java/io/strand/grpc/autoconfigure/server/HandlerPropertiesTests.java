package io.strand.grpc.autoconfigure.server;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;

import com.google.common.util.concurrent.ListenableFuture;
import io.grpc.Context;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.StreamObserver;
import io.strand.grpc.call.CallEngine;
import io.strand.grpc.call.HandlerSettings;
import io.strand.grpc.call.LiveCall;
import io.strand.grpc.call.Threading;
import io.strand.grpc.server.GrpcServer;
import io.strand.grpc.service.GrpcService;
import io.strand.grpc.testing.CounterGrpc;
import io.strand.grpc.testing.EchoGrpc;
import io.strand.grpc.testing.LeakCheckExtension;
import io.strand.grpc.testing.Message;
import io.strand.grpc.testing.StockGrpc;
import io.strand.grpc.testing.TestClient;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import org.springframework.boot.test.context.assertj.AssertableApplicationContext;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.awaitility.Awaitility.await;

/**
 * Tests for the properties of handlers, streams and limits: that each of them reaches the
 * calls.
 */
@ExtendWith(LeakCheckExtension.class)
class HandlerPropertiesTests {

	private static final boolean VIRTUAL_AVAILABLE = Runtime.version().feature() >= 21;

	private final ApplicationContextRunner runner = ServerContext.runner().withUserConfiguration(Services.class);

	@Test
	void callsRunOnVirtualThreadsWhereTheJvmHasThem() {
		this.runner.run((context) -> assertThat(threadOfEcho(context))
			.isEqualTo(VIRTUAL_AVAILABLE ? "virtual grpc-call-strand.testing.Echo/Unary" : "platform grpc-call-"));
	}

	@Test
	void callsRunOnPlatformThreadsWhereTheApplicationWantsNoVirtualOnes() {
		this.runner.withPropertyValues("spring.threads.virtual.enabled=false")
			.run((context) -> assertThat(threadOfEcho(context)).isEqualTo("platform grpc-call-"));
	}

	@ParameterizedTest
	@CsvSource({ "strand.server.handler.threading, platform, platform grpc-call-",
			"strand.server.services[strand.testing.Echo].threading, platform, platform grpc-call-",
			"strand.server.methods[strand.testing.Echo/Unary].threading, platform, platform grpc-call-",
			"strand.server.handler.threading, event-loop, platform grpc-default-worker-ELG" })
	void threadingIsConfigured(String property, String value, String thread) {
		this.runner.withPropertyValues(property + "=" + value)
			.run((context) -> assertThat(threadOfEcho(context)).startsWith(thread));
	}

	@Test
	void threadingOfTheMethodGoesBeforeThatOfTheServiceAndTheServer() {
		this.runner
			.withPropertyValues("strand.server.handler.threading=event-loop",
					"strand.server.services[strand.testing.Echo].threading=event-loop",
					"strand.server.methods[strand.testing.Echo/Unary].threading=platform")
			.run((context) -> assertThat(threadOfEcho(context)).isEqualTo("platform grpc-call-"));
	}

	@Test
	void threadingThatTheServiceDeclaresGoesBeforeThatOfTheServer() {
		this.runner.run((context) -> {
			try (TestClient client = client(context)) {
				assertThat(client.counter().next(Message.getDefaultInstance()).getText())
					.startsWith("platform grpc-default-worker-ELG");
			}
		});
	}

	@Test
	void cancellationInterruptsUnlessItIsTurnedOff() {
		this.runner.run((context) -> {
			cancelBlockedCall(context);
			assertThat(services(context).interrupted.await(5, TimeUnit.SECONDS)).isTrue();
		});
		this.runner.withPropertyValues("strand.server.handler.interrupt-on-cancel=false").run((context) -> {
			cancelBlockedCall(context);
			await().until(() -> services(context).cancelled.get());
			assertThat(services(context).interrupted.getCount()).isOne();
			services(context).release.countDown();
		});
	}

	@ParameterizedTest
	@CsvSource({ "strand.server.limits.max-concurrent-calls, server",
			"strand.server.services[strand.testing.Stock].max-concurrent-calls, strand.testing.Stock",
			"strand.server.methods[strand.testing.Stock/Reserve].max-concurrent-calls, strand.testing.Stock/Reserve" })
	void limitRefusesTheCallThatIsTooMany(String property, String limit) {
		this.runner.withPropertyValues(property + "=1").run((context) -> {
			try (TestClient client = client(context)) {
				ListenableFuture<Message> first = client.stock().reserve(Message.getDefaultInstance());
				assertThat(services(context).entered.await(5, TimeUnit.SECONDS)).isTrue();
				assertThatExceptionOfType(StatusRuntimeException.class)
					.isThrownBy(() -> StockGrpc.newBlockingStub(client.channel())
						.withDeadlineAfter(5, TimeUnit.SECONDS)
						.reserve(Message.getDefaultInstance()))
					.satisfies((ex) -> {
						assertThat(ex.getStatus().getCode()).isEqualTo(Status.Code.RESOURCE_EXHAUSTED);
						assertThat(ex).hasMessageContaining(limit + ": running=1, limit=1");
					});
				services(context).release.countDown();
				first.get(5, TimeUnit.SECONDS);
			}
		});
	}

	@Test
	void callWaitsAtTheLimitAsLongAsItIsConfiguredTo() {
		this.runner
			.withPropertyValues("strand.server.limits.max-concurrent-calls=1", "strand.server.limits.max-wait=30s")
			.run((context) -> {
				try (TestClient client = client(context)) {
					ListenableFuture<Message> first = client.stock().reserve(Message.getDefaultInstance());
					assertThat(services(context).entered.await(5, TimeUnit.SECONDS)).isTrue();
					ListenableFuture<Message> second = client.stock().reserve(Message.getDefaultInstance());
					CallEngine engine = context.getBean(CallEngine.class);
					await().until(() -> engine.liveCalls()
						.stream()
						.anyMatch((call) -> call.state() == LiveCall.State.WAITING_FOR_PERMIT));
					services(context).release.countDown();
					first.get(5, TimeUnit.SECONDS);
					second.get(5, TimeUnit.SECONDS);
				}
			});
	}

	@ParameterizedTest
	@CsvSource({ "strand.server.limits.max-concurrent-calls, -1", "strand.server.limits.max-wait, -1s",
			"strand.server.handler.platform.max-threads, 0", "strand.server.streams.event-loop-queue, 0",
			"strand.server.streams.ready-threshold, 0B",
			"strand.server.services[strand.testing.Echo].max-concurrent-calls, 0",
			"strand.server.services[strand.testing.Ecko].threading, auto",
			"strand.server.methods[strand.testing.Echo/Unari].threading, auto" })
	void valueThatMakesNoSenseIsRefusedWithItsProperty(String property, String value) {
		this.runner.withPropertyValues(property + "=" + value).run((context) -> {
			String name = property.contains("Ecko") ? "strand.server.services=strand.testing.Ecko"
					: property.contains("Unari") ? "strand.server.methods=strand.testing.Echo/Unari" : property;
			assertThat(context).hasFailed();
			assertThat(context.getStartupFailure()).rootCause().hasMessageContaining(name);
		});
	}

	@Test
	void ownEngineIsUsed() {
		AtomicReference<CallEngine> own = new AtomicReference<>();
		this.runner.withBean("ownEngine", CallEngine.class, () -> {
			own.set(new CallEngine((method) -> HandlerSettings.DEFAULT, false, 3));
			return own.get();
		}).run((context) -> {
			assertThat(context).hasSingleBean(CallEngine.class);
			assertThat(threadOfEcho(context)).isEqualTo("platform grpc-call-");
		});
	}

	private static void cancelBlockedCall(AssertableApplicationContext context) throws InterruptedException {
		try (TestClient client = client(context)) {
			ListenableFuture<Message> call = client.stock().reserve(Message.getDefaultInstance());
			assertThat(services(context).entered.await(5, TimeUnit.SECONDS)).isTrue();
			call.cancel(true);
		}
	}

	private static String threadOfEcho(AssertableApplicationContext context) {
		try (TestClient client = client(context)) {
			return client.echo("").replaceAll("-\\d+$", "-");
		}
	}

	private static TestClient client(AssertableApplicationContext context) {
		return TestClient.tcp(context.getBean(GrpcServer.class).getPort());
	}

	private static Services services(AssertableApplicationContext context) {
		return context.getBean(Services.class);
	}

	@Configuration(proxyBeanMethods = false)
	static class Services {

		private final CountDownLatch entered = new CountDownLatch(1);

		private final CountDownLatch release = new CountDownLatch(1);

		private final CountDownLatch interrupted = new CountDownLatch(1);

		private final AtomicBoolean cancelled = new AtomicBoolean();

		@Bean
		EchoGrpc.EchoImplBase echo() {
			return new EchoGrpc.EchoImplBase() {

				@Override
				public void unary(Message request, StreamObserver<Message> responses) {
					answer(responses);
				}

			};
		}

		@Bean
		@GrpcService(threading = Threading.EVENT_LOOP)
		CounterGrpc.CounterImplBase counter() {
			return new CounterGrpc.CounterImplBase() {

				@Override
				public void next(Message request, StreamObserver<Message> responses) {
					answer(responses);
				}

			};
		}

		@Bean
		StockGrpc.StockImplBase stock() {
			return new StockGrpc.StockImplBase() {

				@Override
				public void reserve(Message request, StreamObserver<Message> responses) {
					Context.current().addListener((context) -> Services.this.cancelled.set(true), Runnable::run);
					Services.this.entered.countDown();
					try {
						Services.this.release.await(10, TimeUnit.SECONDS);
					}
					catch (InterruptedException ex) {
						Services.this.interrupted.countDown();
					}
					answer(responses);
				}

			};
		}

		private static void answer(StreamObserver<Message> responses) {
			Thread thread = Thread.currentThread();
			String kind = thread.toString().startsWith("VirtualThread") ? "virtual " : "platform ";
			responses.onNext(Message.newBuilder().setText(kind + thread.getName()).build());
			responses.onCompleted();
		}

	}

}
