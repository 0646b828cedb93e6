package io.strand.grpc.autoconfigure.client;

import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ClientCall;
import io.grpc.ClientInterceptor;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.micrometer.common.KeyValues;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.binder.grpc.GrpcClientObservationContext;
import io.micrometer.core.instrument.binder.grpc.GrpcClientObservationConvention;
import io.micrometer.core.instrument.binder.grpc.ObservationGrpcClientInterceptor;
import io.micrometer.observation.Observation;
import io.micrometer.observation.ObservationHandler;
import io.micrometer.observation.ObservationRegistry;
import io.strand.grpc.client.GrpcGlobalClientInterceptor;
import io.strand.grpc.client.RecordingServer;
import io.strand.grpc.testing.EchoGrpc.EchoBlockingStub;
import io.strand.grpc.testing.EchoService;
import io.strand.grpc.testing.LeakCheckExtension;
import io.strand.grpc.testing.Message;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.micrometer.metrics.autoconfigure.CompositeMeterRegistryAutoConfiguration;
import org.springframework.boot.micrometer.metrics.autoconfigure.MetricsAutoConfiguration;
import org.springframework.boot.micrometer.metrics.autoconfigure.export.simple.SimpleMetricsExportAutoConfiguration;
import org.springframework.boot.micrometer.observation.autoconfigure.ObservationAutoConfiguration;
import org.springframework.boot.test.context.FilteredClassLoader;
import org.springframework.boot.test.context.assertj.AssertableApplicationContext;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.Ordered;
import org.springframework.core.annotation.Order;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

/**
 * Observations of calls.
 */
@ExtendWith(LeakCheckExtension.class)
class GrpcClientObservationTests {

	private static final Message MESSAGE = Message.newBuilder().setText("hello").build();

	private RecordingServer server;

	private ApplicationContextRunner runner;

	@BeforeEach
	void startServer() {
		this.server = RecordingServer.start(new EchoService());
		this.runner = ClientContext.runner()
			.withConfiguration(AutoConfigurations.of(GrpcClientObservationAutoConfiguration.class,
					GrpcClientMetersAutoConfiguration.class))
			.withPropertyValues("strand.client.channels.default.target=" + this.server.target())
			.withUserConfiguration(Application.class);
	}

	@AfterEach
	void stopServer() {
		this.server.close();
	}

	@Test
	void callsAreObservedWithMethodAndStatus() {
		this.runner.withUserConfiguration(Observing.class).run((context) -> {
			context.getBean(EchoBlockingStub.class).unary(MESSAGE);
			GrpcClientObservationContext observed = context.getBean(Recorder.class).only();
			assertThat(observed.getFullMethodName()).isEqualTo("strand.testing.Echo/Unary");
			assertThat(observed.getStatusCode()).isEqualTo(Status.Code.OK);
		});
	}

	@Test
	void whatAnInterceptorOfTheApplicationRefusesIsObservedAsTheCallerSeesIt() {
		this.runner.withUserConfiguration(Observing.class, Refusing.class).run((context) -> {
			EchoBlockingStub echo = context.getBean(EchoBlockingStub.class);
			assertThatExceptionOfType(StatusRuntimeException.class).isThrownBy(() -> echo.unary(MESSAGE))
				.withMessage("PERMISSION_DENIED: not today");
			assertThat(context.getBean(Recorder.class).only().getStatusCode()).isEqualTo(Status.Code.PERMISSION_DENIED);
			assertThat(this.server.calls()).isEmpty();
		});
	}

	@Test
	void theContextOfTheObservationGoesAlongWithTheCall() {
		this.runner.withUserConfiguration(Observing.class, Propagating.class).run((context) -> {
			context.getBean(EchoBlockingStub.class).unary(MESSAGE);
			assertThat(this.server.lastCall().header("traceparent")).isEqualTo("trace of strand.testing.Echo/Unary");
		});
	}

	@Test
	void theObservationOfACallIsAChildOfWhatRunsOnItsThread() {
		this.runner.withUserConfiguration(Observing.class).run((context) -> {
			Observation parent = Observation.start("work", context.getBean(ObservationRegistry.class));
			parent.scoped(() -> context.getBean(EchoBlockingStub.class).unary(MESSAGE));
			parent.stop();
			assertThat(context.getBean(Recorder.class).only().getParentObservation()).isSameAs(parent);
		});
	}

	@Test
	void aConventionOfTheApplicationIsUsed() {
		this.runner.withUserConfiguration(Observing.class, Convention.class).run((context) -> {
			context.getBean(EchoBlockingStub.class).unary(MESSAGE);
			assertThat(context.getBean(Recorder.class).only().getName()).isEqualTo("own.name");
		});
	}

	@Test
	void withMetricsOfSpringBootCallsAreTimed() {
		this.runner
			.withConfiguration(AutoConfigurations.of(ObservationAutoConfiguration.class, MetricsAutoConfiguration.class,
					CompositeMeterRegistryAutoConfiguration.class, SimpleMetricsExportAutoConfiguration.class))
			.run((context) -> {
				context.getBean(EchoBlockingStub.class).unary(MESSAGE);
				MeterRegistry registry = context.getBean(MeterRegistry.class);
				assertThat(registry.get("grpc.client").tag("rpc.method", "Unary").timer().count()).isEqualTo(1);
				assertThat(registry.get("strand.client.connections").tag("channel", "default").gauge().value())
					.isEqualTo(1);
			});
	}

	@Test
	void whenAClassIsMissingThenCallsWorkUnobserved() {
		this.runner.withClassLoader(new FilteredClassLoader("io.micrometer")).run((context) -> {
			assertThat(context).hasNotFailed();
			assertBacksOff(context);
		});
	}

	@Test
	void whenThereIsNoRegistryThenBacksOff() {
		this.runner.run(this::assertBacksOff);
	}

	@Test
	void whenItIsDisabledThenBacksOff() {
		this.runner.withUserConfiguration(Observing.class)
			.withPropertyValues("strand.client.observation.enabled=false")
			.run(this::assertBacksOff);
	}

	@Test
	void whenTheApplicationHasAnInterceptorOfItsOwnThenThatAloneObserves() {
		this.runner.withUserConfiguration(Observing.class, Own.class).run((context) -> {
			assertThat(context).hasSingleBean(ObservationGrpcClientInterceptor.class).hasBean("own");
			context.getBean(EchoBlockingStub.class).unary(MESSAGE);
			assertThat(context.getBean(Recorder.class).observed).hasSize(1);
		});
	}

	private void assertBacksOff(AssertableApplicationContext context) {
		assertThat(context).doesNotHaveBean("strandClientObservation");
		assertThat(context.getBean(EchoBlockingStub.class).unary(MESSAGE)).isEqualTo(MESSAGE);
	}

	/** Remembers what was observed. */
	static class Recorder implements ObservationHandler<GrpcClientObservationContext> {

		final List<GrpcClientObservationContext> observed = new CopyOnWriteArrayList<>();

		@Override
		public boolean supportsContext(Observation.Context context) {
			return context instanceof GrpcClientObservationContext;
		}

		@Override
		public void onStop(GrpcClientObservationContext context) {
			this.observed.add(context);
		}

		GrpcClientObservationContext only() {
			assertThat(this.observed).hasSize(1);
			return this.observed.get(0);
		}

	}

	/** Does what a tracer does. */
	static class Tracer extends Recorder {

		@Override
		public void onStart(GrpcClientObservationContext context) {
			Metadata headers = context.getCarrier();
			assertThat(headers).isNotNull();
			context.getSetter().set(headers, "traceparent", "trace of " + context.getFullMethodName());
		}

	}

	@Configuration(proxyBeanMethods = false)
	static class Application {

		@Bean
		Object caller(EchoBlockingStub echo) {
			return "has a stub";
		}

	}

	@Configuration(proxyBeanMethods = false)
	static class Observing {

		@Bean
		Recorder recorder() {
			return new Recorder();
		}

		@Bean
		ObservationRegistry observationRegistry(List<ObservationHandler<?>> handlers) {
			ObservationRegistry registry = ObservationRegistry.create();
			handlers.forEach(registry.observationConfig()::observationHandler);
			return registry;
		}

	}

	@Configuration(proxyBeanMethods = false)
	static class Propagating {

		@Bean
		ObservationHandler<GrpcClientObservationContext> tracer() {
			return new Tracer();
		}

	}

	@Configuration(proxyBeanMethods = false)
	static class Refusing {

		@Bean
		@Order(Ordered.HIGHEST_PRECEDENCE + 1)
		@GrpcGlobalClientInterceptor
		ClientInterceptor refusing() {
			return new ClientInterceptor() {

				@Override
				public <Q, R> ClientCall<Q, R> interceptCall(MethodDescriptor<Q, R> method, CallOptions options,
						Channel next) {
					return new ClientCall<>() {

						@Override
						public void start(Listener<R> listener, Metadata headers) {
							listener.onClose(Status.PERMISSION_DENIED.withDescription("not today"), new Metadata());
						}

						@Override
						public void request(int numMessages) {
						}

						@Override
						public void cancel(String message, Throwable cause) {
						}

						@Override
						public void halfClose() {
						}

						@Override
						public void sendMessage(Q message) {
						}

					};
				}

			};
		}

	}

	@Configuration(proxyBeanMethods = false)
	static class Convention {

		@Bean
		GrpcClientObservationConvention convention() {
			return new GrpcClientObservationConvention() {

				@Override
				public String getName() {
					return "own.name";
				}

				@Override
				public KeyValues getLowCardinalityKeyValues(GrpcClientObservationContext context) {
					return KeyValues.empty();
				}

			};
		}

	}

	@Configuration(proxyBeanMethods = false)
	static class Own {

		@Bean
		@GrpcGlobalClientInterceptor
		ObservationGrpcClientInterceptor own(ObservationRegistry registry) {
			return new ObservationGrpcClientInterceptor(registry);
		}

	}

}
