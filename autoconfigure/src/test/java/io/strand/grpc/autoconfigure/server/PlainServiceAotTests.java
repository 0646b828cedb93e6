package io.strand.grpc.autoconfigure.server;

import java.util.concurrent.TimeUnit;

import io.grpc.Status;
import io.strand.grpc.service.GrpcService;
import io.strand.grpc.service.advice.GrpcAdvice;
import io.strand.grpc.service.advice.GrpcExceptionHandler;
import io.strand.grpc.testing.CounterGrpc;
import io.strand.grpc.testing.EchoGrpc;
import io.strand.grpc.testing.EchoService;
import io.strand.grpc.testing.LeakCheckExtension;
import io.strand.grpc.testing.Message;
import io.strand.grpc.testing.StockGrpc;
import io.strand.grpc.testing.TestClient;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

import org.springframework.aot.hint.RuntimeHints;
import org.springframework.aot.hint.predicate.RuntimeHintsPredicates;
import org.springframework.aot.test.generate.TestGenerationContext;
import org.springframework.boot.autoconfigure.ImportAutoConfiguration;
import org.springframework.boot.autoconfigure.ssl.SslAutoConfiguration;
import org.springframework.boot.test.util.TestPropertyValues;
import org.springframework.context.ApplicationContextInitializer;
import org.springframework.context.annotation.AnnotationConfigApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Import;
import org.springframework.context.aot.ApplicationContextAotGenerator;
import org.springframework.context.support.GenericApplicationContext;
import org.springframework.core.test.tools.CompileWithForkedClassLoader;
import org.springframework.core.test.tools.TestCompiler;
import org.springframework.javapoet.ClassName;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Services of plain methods in applications that are processed ahead of time.
 */
@ExtendWith(LeakCheckExtension.class)
class PlainServiceAotTests {

	@Test
	@CompileWithForkedClassLoader
	@SuppressWarnings("unchecked")
	void servicesAreServedByAContextThatWasProcessedAheadOfTime() {
		TestGenerationContext generation = new TestGenerationContext();
		ClassName initializer = processAheadOfTime(generation);
		TestCompiler.forSystem().with(generation).compile((compiled) -> {
			try (GenericApplicationContext context = new GenericApplicationContext()) {
				properties().applyTo(context);
				compiled.getInstance(ApplicationContextInitializer.class, initializer.toString()).initialize(context);
				context.refresh();
				assertThat(ServerContext.server(context).getServices())
					.containsExactlyInAnyOrder("strand.testing.Counter", "strand.testing.Stock");
				try (TestClient client = ServerContext.client(context)) {
					assertThat(client.counter().next(Message.getDefaultInstance()).getText()).isEqualTo("counted");
					assertThat(StockGrpc.newBlockingStub(client.channel())
						.withDeadlineAfter(10, TimeUnit.SECONDS)
						.reserve(Message.getDefaultInstance())
						.getText()).isEqualTo("reserved");
				}
			}
		});
	}

	@Test
	void nativeImagesAreToldOfMethodsAndGeneratedClasses() {
		TestGenerationContext generation = new TestGenerationContext();
		processAheadOfTime(generation);
		RuntimeHints hints = generation.getRuntimeHints();
		assertThat(RuntimeHintsPredicates.reflection().onMethodInvocation(Counter.class, "next")).accepts(hints);
		assertThat(RuntimeHintsPredicates.reflection().onMethodInvocation(Reservations.class, "reserve"))
			.accepts(hints);
		assertThat(RuntimeHintsPredicates.reflection().onMethodInvocation(Stock.class, "reserve")).accepts(hints);
		for (Class<?> generated : new Class<?>[] { CounterGrpc.class, StockGrpc.class }) {
			assertThat(RuntimeHintsPredicates.reflection().onMethodInvocation(generated, "getServiceDescriptor"))
				.accepts(hints);
			assertThat(RuntimeHintsPredicates.reflection().onFieldAccess(generated, "SERVICE_NAME")).accepts(hints);
		}
	}

	@Test
	void nativeImagesAreToldHowServicesWithABaseClassAreBound() {
		TestGenerationContext generation = new TestGenerationContext();
		processAheadOfTime(generation, WithBaseClass.class);
		assertThat(RuntimeHintsPredicates.reflection().onMethodInvocation(EchoGrpc.class, "bindService"))
			.accepts(generation.getRuntimeHints());
	}

	@Test
	void nativeImagesAreToldOfMethodsForExceptions() {
		TestGenerationContext generation = new TestGenerationContext();
		processAheadOfTime(generation);
		RuntimeHints hints = generation.getRuntimeHints();
		assertThat(RuntimeHintsPredicates.reflection().onMethodInvocation(Advice.class, "aborted")).accepts(hints);
		assertThat(RuntimeHintsPredicates.reflection().onMethodInvocation(Counter.class, "own")).accepts(hints);
		assertThat(RuntimeHintsPredicates.reflection().onMethodInvocation(Advice.class, "other")).rejects(hints);
	}

	private static ClassName processAheadOfTime(TestGenerationContext generation) {
		return processAheadOfTime(generation, Application.class);
	}

	private static ClassName processAheadOfTime(TestGenerationContext generation, Class<?> application) {
		AnnotationConfigApplicationContext source = new AnnotationConfigApplicationContext();
		source.register(application);
		properties().applyTo(source);
		ClassName initializer = new ApplicationContextAotGenerator().processAheadOfTime(source, generation);
		generation.writeGeneratedContent();
		return initializer;
	}

	private static TestPropertyValues properties() {
		return TestPropertyValues.of("strand.server.port=0");
	}

	@Configuration(proxyBeanMethods = false)
	@ImportAutoConfiguration({ SslAutoConfiguration.class, GrpcServerAutoConfiguration.class })
	@Import({ Counter.class, Advice.class })
	static class Application {

		@Bean
		@GrpcService(StockGrpc.class)
		Stock stock() {
			return new Stock();
		}

	}

	@Configuration(proxyBeanMethods = false)
	@ImportAutoConfiguration({ SslAutoConfiguration.class, GrpcServerAutoConfiguration.class })
	@Import(EchoService.class)
	static class WithBaseClass {

	}

	@GrpcService(CounterGrpc.class)
	static class Counter {

		Message next(Message request) {
			return Message.newBuilder().setText("counted").build();
		}

		@GrpcExceptionHandler
		Status own(IllegalArgumentException exception) {
			return Status.INVALID_ARGUMENT;
		}

	}

	@GrpcAdvice
	static class Advice {

		@GrpcExceptionHandler
		Status aborted(IllegalStateException exception) {
			return Status.ABORTED;
		}

		void other() {
		}

	}

	interface Reservations {

		Message reserve(Message request);

	}

	static class Stock implements Reservations {

		@Override
		public Message reserve(Message request) {
			return Message.newBuilder().setText("reserved").build();
		}

	}

}
