package io.strand.grpc.autoconfigure.client;

import java.util.List;
import java.util.function.BiConsumer;

import io.strand.grpc.client.GrpcChannels;
import io.strand.grpc.client.GrpcClient;
import io.strand.grpc.testing.CounterGrpc;
import io.strand.grpc.testing.CounterGrpc.CounterStub;
import io.strand.grpc.testing.EchoGrpc;
import io.strand.grpc.testing.EchoGrpc.EchoBlockingStub;
import io.strand.grpc.testing.EchoGrpc.EchoFutureStub;
import io.strand.grpc.testing.StockGrpc;
import io.strand.grpc.testing.StockGrpc.StockBlockingV2Stub;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

import org.springframework.aot.hint.RuntimeHints;
import org.springframework.aot.hint.predicate.RuntimeHintsPredicates;
import org.springframework.aot.test.generate.TestGenerationContext;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.beans.factory.annotation.Autowired;
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
 * Stubs in applications that are processed ahead of time.
 */
class StubAotTests {

	@Test
	@CompileWithForkedClassLoader
	void stubsAreInjectedIntoAContextThatWasProcessedAheadOfTime() {
		processAheadOfTime((context, hints) -> {
			Points points = context.getBean(Points.class);
			GrpcChannels channels = context.getBean(GrpcChannels.class);
			assertThat(points.constructor.getChannel()).isSameAs(channels.channel("default"));
			assertThat(points.field).isNotNull();
			assertThat(points.provider.getObject()).isNotNull();
			assertThat(points.eu.getChannel()).isSameAs(channels.channel("eu"));
			assertThat(context.getBean("byMethod", List.class)).hasSize(1);
		});
	}

	@Test
	@CompileWithForkedClassLoader
	void nativeImagesAreToldOfTheStubsAtInjectionPoints() {
		processAheadOfTime((context, hints) -> {
			assertHints(hints, EchoGrpc.class, "newBlockingStub");
			assertHints(hints, EchoGrpc.class, "newFutureStub");
			assertHints(hints, CounterGrpc.class, "newStub");
			assertHints(hints, StockGrpc.class, "newBlockingV2Stub");
			assertThat(RuntimeHintsPredicates.reflection().onMethodInvocation(StockGrpc.class, "newBlockingStub"))
				.rejects(hints);
		});
	}

	private static void assertHints(RuntimeHints hints, Class<?> generated, String factoryMethod) {
		assertThat(RuntimeHintsPredicates.reflection().onMethodInvocation(generated, factoryMethod)).accepts(hints);
		assertThat(RuntimeHintsPredicates.reflection().onFieldAccess(generated, "SERVICE_NAME")).accepts(hints);
	}

	@SuppressWarnings("unchecked")
	private static void processAheadOfTime(BiConsumer<GenericApplicationContext, RuntimeHints> check) {
		TestGenerationContext generation = new TestGenerationContext();
		AnnotationConfigApplicationContext source = new AnnotationConfigApplicationContext();
		source.register(Application.class);
		properties().applyTo(source);
		ClassName initializer = new ApplicationContextAotGenerator().processAheadOfTime(source, generation);
		generation.writeGeneratedContent();
		TestCompiler.forSystem().with(generation).compile((compiled) -> {
			try (GenericApplicationContext context = new GenericApplicationContext()) {
				properties().applyTo(context);
				compiled.getInstance(ApplicationContextInitializer.class, initializer.toString()).initialize(context);
				context.refresh();
				check.accept(context, generation.getRuntimeHints());
			}
		});
	}

	private static TestPropertyValues properties() {
		return TestPropertyValues.of("strand.client.channels.default.target=in-process:nobody",
				"strand.client.channels.eu.target=in-process:eu");
	}

	@Configuration(proxyBeanMethods = false)
	@ImportAutoConfiguration({ SslAutoConfiguration.class, GrpcClientAutoConfiguration.class })
	@Import(Points.class)
	static class Application {

		@Bean
		List<StockBlockingV2Stub> byMethod(StockBlockingV2Stub stub) {
			return List.of(stub);
		}

	}

	static class Points {

		final EchoBlockingStub constructor;

		final EchoBlockingStub eu;

		final ObjectProvider<CounterStub> provider;

		@Autowired
		@Nullable EchoFutureStub field;

		Points(EchoBlockingStub constructor, @GrpcClient("eu") EchoBlockingStub eu,
				ObjectProvider<CounterStub> provider) {
			this.constructor = constructor;
			this.eu = eu;
			this.provider = provider;
		}

	}

}
