package io.strand.grpc.autoconfigure.client;

import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;

import io.strand.grpc.client.GrpcClient;
import io.strand.grpc.testing.ConcurrentRun;
import io.strand.grpc.testing.CounterGrpc.CounterStub;
import io.strand.grpc.testing.EchoGrpc.EchoBlockingStub;
import io.strand.grpc.testing.EchoGrpc.EchoFutureStub;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.Test;

import org.springframework.beans.factory.ObjectProvider;
import org.springframework.beans.factory.config.BeanDefinition;
import org.springframework.beans.factory.support.DefaultListableBeanFactory;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.context.annotation.AnnotationConfigApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Scope;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * Many threads may be the first to ask for a stub.
 */
class StubInjectionConcurrencyTests {

	@RepeatedTest(20)
	void theFirstInjectionFromManyThreadsMakesOneBeanOfEachStub() {
		ClientContext.runner()
			.withPropertyValues("strand.client.channels.default.target=in-process:nobody",
					"strand.client.channels.eu.target=in-process:eu")
			.withUserConfiguration(Prototypes.class)
			.run((context) -> {
				ObjectProvider<Asks> asks = context.getBeanProvider(Asks.class);
				Set<Object> stubs = ConcurrentHashMap.newKeySet();
				ConcurrentRun.of(32, (index) -> stubs.addAll(asks.getObject().all())).join(Duration.ofSeconds(30));
				assertThat(stubs).hasSize(4);
				assertThat(ClientContext.stubBeans(context)).hasSize(4);
			});
	}

	@Test
	void whoComesWhileADefinitionIsBeingRegisteredGetsTheSameBean() {
		SteppingBeanFactory factory = new SteppingBeanFactory();
		ClientContext.configured(new ApplicationContextRunner(() -> new AnnotationConfigApplicationContext(factory)))
			.withPropertyValues("strand.client.channels.default.target=in-process:nobody",
					"strand.client.channels.eu.target=in-process:eu")
			.withUserConfiguration(Prototypes.class)
			.run((context) -> {
				ObjectProvider<Asks> asks = context.getBeanProvider(Asks.class);
				CompletableFuture<EchoBlockingStub> other = new CompletableFuture<>();
				factory.step = () -> other.complete(asks.getObject().blocking());
				EchoBlockingStub stub = asks.getObject().blocking();
				assertThat(other.get(10, TimeUnit.SECONDS)).isSameAs(stub);
			});
	}

	/**
	 * Lets another thread come where the container has made the definition of a stub
	 * visible and has yet to look whether there is a bean that was made without it.
	 */
	private static final class SteppingBeanFactory extends DefaultListableBeanFactory {

		private volatile @Nullable Runnable step;

		@Override
		public boolean containsSingleton(String beanName) {
			Runnable next = this.step;
			if (next != null && beanName.endsWith("EchoBlockingStub") && containsBeanDefinition(beanName)) {
				this.step = null;
				Thread other = new Thread(next, "other");
				other.start();
				await().until(() -> !other.isAlive() || other.getState() == Thread.State.WAITING);
			}
			return super.containsSingleton(beanName);
		}

	}

	@Configuration(proxyBeanMethods = false)
	static class Prototypes {

		@Bean
		@Scope(BeanDefinition.SCOPE_PROTOTYPE)
		Asks asks(EchoBlockingStub blocking, EchoFutureStub future, CounterStub counter,
				@GrpcClient("eu") EchoBlockingStub eu) {
			return new Asks(blocking, future, counter, eu);
		}

	}

	record Asks(EchoBlockingStub blocking, EchoFutureStub future, CounterStub counter, EchoBlockingStub eu) {

		List<Object> all() {
			return Arrays.asList(this.blocking, this.future, this.counter, this.eu);
		}

	}

}
