package io.strand.grpc;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;

import io.grpc.stub.StreamObserver;
import io.strand.grpc.autoconfigure.client.GrpcClientAutoConfiguration;
import io.strand.grpc.autoconfigure.server.GrpcServerAutoConfiguration;
import io.strand.grpc.client.GrpcChannels;
import io.strand.grpc.server.GrpcServer;
import io.strand.grpc.service.GrpcService;
import io.strand.grpc.testing.EchoGrpc.EchoBlockingStub;
import io.strand.grpc.testing.EchoService;
import io.strand.grpc.testing.LeakCheckExtension;
import io.strand.grpc.testing.Message;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

import static org.assertj.core.api.Assertions.assertThat;

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
