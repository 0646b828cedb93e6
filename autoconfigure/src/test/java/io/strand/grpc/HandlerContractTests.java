package io.strand.grpc;

import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import java.util.stream.IntStream;

import com.google.common.util.concurrent.Futures;
import com.google.common.util.concurrent.ListenableFuture;
import io.grpc.stub.StreamObserver;
import io.strand.grpc.autoconfigure.server.GrpcServerAutoConfiguration;
import io.strand.grpc.server.GrpcServer;
import io.strand.grpc.service.GrpcService;
import io.strand.grpc.testing.BlockingStockService;
import io.strand.grpc.testing.CounterService;
import io.strand.grpc.testing.EchoGrpc;
import io.strand.grpc.testing.EchoService;
import io.strand.grpc.testing.LeakCheckExtension;
import io.strand.grpc.testing.Message;
import io.strand.grpc.testing.TestClient;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledForJreRange;
import org.junit.jupiter.api.condition.JRE;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.context.ApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * The guarantees about handlers (H…), as far as they are given by now.
 */
@ExtendWith(LeakCheckExtension.class)
@DisplayName("Handlers")
class HandlerContractTests {

	private final ApplicationContextRunner runner = new ApplicationContextRunner()
		.withConfiguration(AutoConfigurations.of(GrpcServerAutoConfiguration.class))
		.withPropertyValues("strand.server.port=0", "strand.server.in-process.name=handler-contract");

	@ParameterizedTest(name = "H8, first half: three services share one server, one blocked, the others answer: {0}")
	@EnumSource
	@DisplayName("H8, first half: several services on one server")
	void h8SeveralServicesShareOneServerAndOneThatIsBlockedDoesNotDelayTheOthers(Transport transport) {
		this.runner.withUserConfiguration(ThreeServices.class).run((context) -> {
			assertThat(context).hasSingleBean(GrpcServer.class);
			assertThat(context.getBean(GrpcServer.class).getServices())
				.containsExactlyInAnyOrder("strand.testing.Stock", "strand.testing.Echo", "strand.testing.Counter");
			BlockingStockService stock = context.getBean(BlockingStockService.class);
			// One client has one connection: the others must not wait on that either
			try (TestClient client = transport.connect(context)) {
				ListenableFuture<Message> blocked = client.stock().reserve(text("blocked"));
				stock.awaitEntered();
				for (int i = 1; i <= 100; i++) {
					assertThat(client.echo("echo " + i)).isEqualTo("echo " + i);
					assertThat(client.counter().next(text("")).getNumber()).isEqualTo(i);
				}
				assertThat(blocked).isNotDone();
				stock.release();
				assertThat(blocked.get(10, TimeUnit.SECONDS).getText()).isEqualTo("blocked");
			}
		});
	}

	@ParameterizedTest(name = "H1 in part: calls that run at the same time run on different threads: {0}")
	@EnumSource
	@DisplayName("H1 in part: calls that run at the same time run on different threads")
	void h1PartlyCallsAtTheSameTimeRunOnDifferentThreads(Transport transport) {
		int calls = 64;
		this.runner.withBean(MeetingEcho.class, () -> new MeetingEcho(calls)).run((context) -> {
			try (TestClient client = transport.connect(context)) {
				EchoGrpc.EchoFutureStub echo = EchoGrpc.newFutureStub(client.channel())
					.withDeadlineAfter(20, TimeUnit.SECONDS);
				List<ListenableFuture<Message>> answers = IntStream.range(0, calls)
					.mapToObj((i) -> echo.unary(text("")))
					.toList();
				Future<List<Message>> all = Futures.allAsList(answers);
				assertThat(all.get(20, TimeUnit.SECONDS)).hasSize(calls);
			}
			assertThat(context.getBean(MeetingEcho.class).threads).hasSize(calls);
		});
	}

	@Test
	@EnabledForJreRange(min = JRE.JAVA_21)
	@DisplayName("H1 in part: the thread of a handler is virtual on Java 21 and newer")
	void h1PartlyHandlerRunsOnVirtualThread() {
		this.runner.withBean(MeetingEcho.class, () -> new MeetingEcho(1)).run((context) -> {
			try (TestClient client = Transport.NETTY.connect(context)) {
				client.echo("hello");
			}
			assertThat(context.getBean(MeetingEcho.class).threads).singleElement().satisfies((thread) -> {
				assertThat(Thread.class.getMethod("isVirtual").invoke(thread)).isEqualTo(true);
				assertThat(thread.getName()).startsWith("grpc-call-");
			});
		});
	}

	@Test
	@EnabledForJreRange(max = JRE.JAVA_20)
	@DisplayName("H1 in part: the thread of a handler is a platform thread below Java 21")
	void h1PartlyHandlerRunsOnPlatformThread() {
		this.runner.withBean(MeetingEcho.class, () -> new MeetingEcho(1)).run((context) -> {
			try (TestClient client = Transport.NETTY.connect(context)) {
				client.echo("hello");
			}
			assertThat(context.getBean(MeetingEcho.class).threads).singleElement()
				.satisfies((thread) -> assertThat(thread.getName()).startsWith("grpc-call-"));
		});
	}

	private static Message text(String text) {
		return Message.newBuilder().setText(text).build();
	}

	enum Transport {

		NETTY((context) -> TestClient.tcp(context.getBean(GrpcServer.class).getPort())),

		IN_PROCESS((context) -> TestClient.inProcess("handler-contract"));

		private final Function<ApplicationContext, TestClient> connect;

		Transport(Function<ApplicationContext, TestClient> connect) {
			this.connect = connect;
		}

		TestClient connect(ApplicationContext context) {
			return this.connect.apply(context);
		}

	}

	@Configuration(proxyBeanMethods = false)
	static class ThreeServices {

		@Bean
		@GrpcService
		BlockingStockService stock() {
			return new BlockingStockService();
		}

		@Bean
		@GrpcService
		EchoService echo() {
			return new EchoService();
		}

		@Bean
		@GrpcService
		CounterService counter() {
			return new CounterService();
		}

	}

	/** Its calls wait for each other before they answer. */
	static class MeetingEcho extends EchoService {

		private final Set<Thread> threads = ConcurrentHashMap.newKeySet();

		private final CyclicBarrier barrier;

		MeetingEcho(int calls) {
			this.barrier = new CyclicBarrier(calls);
		}

		@Override
		public void unary(Message request, StreamObserver<Message> responses) {
			this.threads.add(Thread.currentThread());
			try {
				this.barrier.await(15, TimeUnit.SECONDS);
			}
			catch (Exception ex) {
				throw new IllegalStateException("The other calls did not come", ex);
			}
			super.unary(request, responses);
		}

	}

}
