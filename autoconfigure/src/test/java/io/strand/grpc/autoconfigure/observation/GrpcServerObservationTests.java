package io.strand.grpc.autoconfigure.observation;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

import io.grpc.BindableService;
import io.grpc.CallOptions;
import io.grpc.ConnectivityState;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.ServerServiceDefinition;
import io.grpc.Status;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.ServerCalls;
import io.micrometer.common.KeyValues;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tag;
import io.micrometer.core.instrument.Timer;
import io.micrometer.core.instrument.binder.grpc.GrpcServerObservationContext;
import io.micrometer.core.instrument.binder.grpc.GrpcServerObservationConvention;
import io.micrometer.core.instrument.binder.grpc.ObservationGrpcServerInterceptor;
import io.micrometer.observation.ObservationRegistry;
import io.strand.grpc.autoconfigure.observation.ObservedServer.Observing;
import io.strand.grpc.autoconfigure.observation.ObservedServer.Recorder;
import io.strand.grpc.autoconfigure.security.GrpcSecurityAutoConfiguration;
import io.strand.grpc.call.CallEngine;
import io.strand.grpc.observation.ServerObservation;
import io.strand.grpc.server.GrpcGlobalServerInterceptor;
import io.strand.grpc.service.advice.GrpcAdvice;
import io.strand.grpc.service.advice.GrpcExceptionHandler;
import io.strand.grpc.testing.CounterService;
import io.strand.grpc.testing.EchoGrpc;
import io.strand.grpc.testing.EchoHandlers;
import io.strand.grpc.testing.EchoHandlers.RequestObserver;
import io.strand.grpc.testing.LeakCheckExtension;
import io.strand.grpc.testing.Message;
import io.strand.grpc.testing.Outcome;
import io.strand.grpc.testing.TestClient;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.micrometer.metrics.autoconfigure.CompositeMeterRegistryAutoConfiguration;
import org.springframework.boot.micrometer.metrics.autoconfigure.MetricsAutoConfiguration;
import org.springframework.boot.micrometer.metrics.autoconfigure.export.simple.SimpleMetricsExportAutoConfiguration;
import org.springframework.boot.micrometer.observation.autoconfigure.ObservationAutoConfiguration;
import org.springframework.boot.test.context.FilteredClassLoader;
import org.springframework.boot.test.context.assertj.AssertableApplicationContext;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.context.ApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.Ordered;
import org.springframework.core.annotation.Order;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * What is measured of a call is what its client sees.
 */
@ExtendWith(LeakCheckExtension.class)
class GrpcServerObservationTests {

	private static final Message MESSAGE = Message.newBuilder().setText("hello").setNumber(2).build();

	private final EchoHandlers handlers = new EchoHandlers();

	private final ApplicationContextRunner runner = ObservedServer.runner()
		.withBean(EchoHandlers.class, () -> this.handlers);

	private final ApplicationContextRunner observed = this.runner.withUserConfiguration(Observing.class);

	@Test
	void callsAreObservedWithMethodAndStatus() {
		this.observed.run((context) -> {
			assertThat(call(context, EchoGrpc.getUnaryMethod()).status().isOk()).isTrue();
			GrpcServerObservationContext seen = context.getBean(Recorder.class).only();
			assertThat(seen.getName()).isEqualTo("grpc.server");
			assertThat(seen.getFullMethodName()).isEqualTo("strand.testing.Echo/Unary");
			assertThat(ObservedServer.status(seen)).isEqualTo("OK");
			assertThat(seen.getLowCardinalityKeyValues()).extracting((entry) -> entry.getKey() + "=" + entry.getValue())
				.containsExactlyInAnyOrder("rpc.service=strand.testing.Echo", "rpc.method=Unary", "rpc.type=UNARY",
						"grpc.status_code=OK");
		});
	}

	@Test
	void withMetricsOfSpringBootCallsAreTimed() {
		this.runner
			.withConfiguration(AutoConfigurations.of(ObservationAutoConfiguration.class, MetricsAutoConfiguration.class,
					CompositeMeterRegistryAutoConfiguration.class, SimpleMetricsExportAutoConfiguration.class))
			.run((context) -> {
				call(context, EchoGrpc.getUnaryMethod()).status();
				MeterRegistry registry = context.getBean(MeterRegistry.class);
				await().until(() -> registry.find("grpc.server").timer() != null);
				Timer timer = registry.get("grpc.server").tag("rpc.method", "Unary").timer();
				assertThat(timer.getId().getTags()).contains(Tag.of("grpc.status_code", "OK"), Tag.of("error", "none"));
				// Measured in the last callback, which is a part of the call
				await().until(() -> registry.get("strand.server.calls.running").gauge().value() == 0);
			});
	}

	/** Where a handler fails. */
	enum Failure {

		UNARY(EchoGrpc.getUnaryMethod(), (handlers, error) -> handlers.unary((request, responses) -> throwIt(error))),

		SERVER_STREAM(EchoGrpc.getServerStreamMethod(),
				(handlers, error) -> handlers.serverStream((request, responses) -> {
					responses.onNext(request);
					throwIt(error);
				})),

		READY(EchoGrpc.getServerStreamMethod(), (handlers,
				error) -> handlers.serverStream((request, responses) -> ((ServerCallStreamObserver<Message>) responses)
					.setOnReadyHandler(() -> throwIt(error)))),

		START(EchoGrpc.getBidiMethod(), (handlers, error) -> handlers.bidi((responses) -> {
			throwIt(error);
			return null;
		})),

		MESSAGE(EchoGrpc.getClientStreamMethod(), (handlers, error) -> handlers
			.clientStream((responses) -> new RequestObserver((message) -> throwIt(error), () -> {
			}))),

		HALF_CLOSE(EchoGrpc.getBidiMethod(),
				(handlers, error) -> handlers.bidi((responses) -> new RequestObserver((message) -> {
				}, () -> throwIt(error)))),

		GIVEN(EchoGrpc.getUnaryMethod(),
				(handlers, error) -> handlers.unary((request, responses) -> responses.onError(error)));

		private final MethodDescriptor<Message, Message> method;

		private final Failing setUp;

		Failure(MethodDescriptor<Message, Message> method, Failing setUp) {
			this.method = method;
			this.setUp = setUp;
		}

		interface Failing {

			void in(EchoHandlers handlers, RuntimeException error);

		}

	}

	private static void throwIt(RuntimeException error) {
		throw error;
	}

	@ParameterizedTest
	@EnumSource
	void exceptionsAreMappedBeforeTheyAreMeasured(Failure failure) {
		RuntimeException error = new Missing();
		failure.setUp.in(this.handlers, error);
		this.observed.withBean(Missings.class).run((context) -> {
			Status status = call(context, failure.method).status();
			assertThat(status.getCode()).isEqualTo(Status.Code.NOT_FOUND);
			GrpcServerObservationContext seen = context.getBean(Recorder.class).only();
			assertThat(ObservedServer.status(seen)).isEqualTo("NOT_FOUND");
			assertThat(seen.getError()).isSameAs(error);
		});
	}

	@ParameterizedTest
	@EnumSource
	void statusesThatAreThrownAreMeasured(Failure failure) {
		failure.setUp.in(this.handlers, Status.OUT_OF_RANGE.asRuntimeException());
		this.observed.run((context) -> {
			assertThat(call(context, failure.method).status().getCode()).isEqualTo(Status.Code.OUT_OF_RANGE);
			assertThat(ObservedServer.status(context.getBean(Recorder.class).only())).isEqualTo("OUT_OF_RANGE");
		});
	}

	@ParameterizedTest
	@CsvSource({ "CLOSES, PERMISSION_DENIED", "THROWS, PERMISSION_DENIED", "FAILS, UNKNOWN", "CRASHES, UNKNOWN",
			"THROWS_IN_CALLBACK, PERMISSION_DENIED" })
	void whatAnInterceptorDoesIsMeasuredAsTheClientSeesIt(Refusal refusal, Status.Code code) {
		this.observed.withBean(RefusingInterceptor.class, () -> new RefusingInterceptor(refusal)).run((context) -> {
			for (MethodDescriptor<Message, Message> method : new MethodDescriptor[] { EchoGrpc.getUnaryMethod(),
					EchoGrpc.getBidiMethod() }) {
				assertThat(call(context, method).status().getCode()).isEqualTo(code);
			}
			assertThat(context.getBean(Recorder.class).stopped(2)).extracting(ObservedServer::status)
				.containsOnly(code.name());
		});
	}

	@Test
	void whatSecurityRefusesIsMeasured() {
		this.observed.withConfiguration(AutoConfigurations.of(GrpcSecurityAutoConfiguration.class)).run((context) -> {
			Status status = call(context, EchoGrpc.getUnaryMethod()).status();
			assertThat(status.getCode()).isIn(Status.Code.UNAUTHENTICATED, Status.Code.PERMISSION_DENIED);
			assertThat(ObservedServer.status(context.getBean(Recorder.class).only()))
				.isEqualTo(status.getCode().name());
		});
	}

	@ParameterizedTest
	@ValueSource(strings = { "auto", "platform" })
	void aCancelledCallIsMeasuredAsCancelled(String threading) throws Exception {
		CountDownLatch entered = new CountDownLatch(3);
		this.handlers.unary((request, responses) -> block(entered)).serverStream((request, responses) -> {
			responses.onNext(request);
			block(entered);
		}).bidi((responses) -> {
			entered.countDown();
			return new RequestObserver((message) -> {
			}, () -> {
			});
		});
		this.observed.withPropertyValues("strand.server.handler.threading=" + threading).run((context) -> {
			try (TestClient client = ObservedServer.client(context)) {
				Outcome unary = Outcome.of(client.channel(), EchoGrpc.getUnaryMethod(), CallOptions.DEFAULT, MESSAGE);
				Outcome stream = Outcome.of(client.channel(), EchoGrpc.getServerStreamMethod(), CallOptions.DEFAULT,
						MESSAGE);
				Outcome bidi = Outcome.open(client.channel(), EchoGrpc.getBidiMethod(), CallOptions.DEFAULT);
				assertThat(entered.await(10, TimeUnit.SECONDS)).isTrue();
				unary.cancel();
				stream.cancel();
				bidi.cancel();
				assertThat(context.getBean(Recorder.class).stopped(3)).extracting(ObservedServer::status)
					.containsOnly("CANCELLED");
			}
		});
	}

	@Test
	void aCallWhoseDeadlinePassesIsMeasuredAsThat() {
		this.handlers.unary((request, responses) -> block(new CountDownLatch(1)));
		this.observed.run((context) -> {
			try (TestClient client = ObservedServer.client(context)) {
				await().until(() -> client.channel().getState(true) == ConnectivityState.READY);
				List<String> measured = new ArrayList<>();
				// If its headers came late, its cancellation comes before its deadline
				while (measured.size() < 3 && !measured.contains("DEADLINE_EXCEEDED")) {
					Outcome outcome = Outcome.of(client.channel(), EchoGrpc.getUnaryMethod(),
							CallOptions.DEFAULT.withDeadlineAfter(2, TimeUnit.SECONDS), MESSAGE);
					assertThat(outcome.status().getCode()).isEqualTo(Status.Code.DEADLINE_EXCEEDED);
					int calls = measured.size() + 1;
					measured.add(ObservedServer.status(context.getBean(Recorder.class).stopped(calls).get(calls - 1)));
				}
				assertThat(measured).contains("DEADLINE_EXCEEDED");
			}
		});
	}

	@Test
	void aCallThatTheServerEndsIsMeasuredAsItsClientSeesIt() throws Exception {
		CountDownLatch entered = new CountDownLatch(1);
		this.handlers.unary((request, responses) -> block(entered));
		this.observed.run((context) -> {
			try (TestClient client = ObservedServer.client(context)) {
				Outcome outcome = Outcome.of(client.channel(), EchoGrpc.getUnaryMethod(), CallOptions.DEFAULT, MESSAGE);
				assertThat(entered.await(10, TimeUnit.SECONDS)).isTrue();
				context.getBean(CallEngine.class).abort(Status.UNAVAILABLE);
				assertThat(outcome.status().getCode()).isEqualTo(Status.Code.UNAVAILABLE);
				assertThat(ObservedServer.status(context.getBean(Recorder.class).only())).isEqualTo("UNAVAILABLE");
			}
		});
	}

	@Test
	void aCallThatLastsTooLongIsMeasuredAsItsClientSeesIt() {
		this.handlers.unary((request, responses) -> block(new CountDownLatch(1)));
		this.observed.withPropertyValues("strand.server.limits.max-call-duration=2s").run((context) -> {
			assertThat(call(context, EchoGrpc.getUnaryMethod()).status().getCode())
				.isEqualTo(Status.Code.DEADLINE_EXCEEDED);
			assertThat(ObservedServer.status(context.getBean(Recorder.class).only())).isEqualTo("DEADLINE_EXCEEDED");
		});
	}

	@Test
	void servicesAreLeftOut() {
		this.observed.withBean(CounterService.class)
			.withPropertyValues("strand.server.observation.excluded-services=strand.testing.Counter")
			.run((context) -> {
				try (TestClient client = ObservedServer.client(context)) {
					client.counter().next(MESSAGE);
					client.echo("hello");
				}
				assertThat(context.getBean(Recorder.class).only().getServiceName()).isEqualTo("strand.testing.Echo");
			});
	}

	@Test
	void thoseOfGrpcItselfAreLeftOutUnlessConfiguredOtherwise() {
		ServerServiceDefinition health = ServerServiceDefinition.builder("grpc.health.v1.Health")
			.addMethod(EchoGrpc.getUnaryMethod().toBuilder().setFullMethodName("grpc.health.v1.Health/Check").build(),
					ServerCalls.asyncUnaryCall(EchoHandlers::echo))
			.build();
		ApplicationContextRunner serving = this.observed.withBean("health", BindableService.class, () -> () -> health);
		serving.run((context) -> {
			assertThat(call(context, health).status().isOk()).isTrue();
			call(context, EchoGrpc.getUnaryMethod()).status();
			assertThat(context.getBean(Recorder.class).only().getServiceName()).isEqualTo("strand.testing.Echo");
		});
		serving.withPropertyValues("strand.server.observation.excluded-services=").run((context) -> {
			call(context, health).status();
			assertThat(context.getBean(Recorder.class).only().getServiceName()).isEqualTo("grpc.health.v1.Health");
		});
	}

	@Test
	void methodsThatNobodyServesAreNoObservations() {
		this.observed.run((context) -> {
			for (int i = 0; i < 20; i++) {
				MethodDescriptor<Message, Message> unknown = EchoGrpc.getUnaryMethod()
					.toBuilder()
					.setFullMethodName("no.Service/Method" + i)
					.build();
				assertThat(call(context, unknown).status().getCode()).isEqualTo(Status.Code.UNIMPLEMENTED);
			}
			assertThat(context.getBean(Recorder.class).started).hasValue(0);
		});
	}

	@Test
	void aConventionOfTheApplicationIsUsed() {
		this.observed.withBean(OwnConvention.class).run((context) -> {
			call(context, EchoGrpc.getUnaryMethod()).status();
			assertThat(context.getBean(Recorder.class).only().getName()).isEqualTo("own.name");
		});
	}

	@Test
	void whenClassesAreMissingThenCallsWorkUnobserved() {
		this.runner.withClassLoader(new FilteredClassLoader("io.micrometer")).run((context) -> {
			assertBacksOff(context);
			assertThat(call(context, EchoGrpc.getUnaryMethod()).status().isOk()).isTrue();
		});
	}

	@Test
	void whenThereIsNoRegistryThenBacksOff() {
		this.runner.run(this::assertBacksOff);
	}

	@Test
	void whenItIsDisabledThenBacksOff() {
		this.observed.withPropertyValues("strand.server.observation.enabled=false").run(this::assertBacksOff);
	}

	@Test
	void whenTheApplicationHasAnInterceptorOfItsOwnThenThatAloneObserves() {
		this.observed.withUserConfiguration(Own.class).run((context) -> {
			assertThat(context).doesNotHaveBean(ServerObservation.class);
			call(context, EchoGrpc.getUnaryMethod()).status();
			assertThat(ObservedServer.status(context.getBean(Recorder.class).only())).isEqualTo("OK");
		});
	}

	@Test
	void whenTheRegistryWantsNoneThenCallsWorkUnobserved() {
		this.observed.run((context) -> {
			context.getBean(ObservationRegistry.class)
				.observationConfig()
				.observationPredicate((name, observation) -> false);
			assertThat(call(context, EchoGrpc.getUnaryMethod()).status().isOk()).isTrue();
			assertThat(context.getBean(Recorder.class).started).hasValue(0);
		});
	}

	private void assertBacksOff(AssertableApplicationContext context) {
		assertThat(context).hasNotFailed().doesNotHaveBean("strandServerObservation");
	}

	private static Outcome call(ApplicationContext context, MethodDescriptor<Message, Message> method) {
		try (TestClient client = ObservedServer.client(context)) {
			Outcome outcome = Outcome.of(client.channel(), method, CallOptions.DEFAULT, MESSAGE);
			outcome.status();
			return outcome;
		}
	}

	@SuppressWarnings("unchecked")
	private static Outcome call(ApplicationContext context, ServerServiceDefinition service) {
		return call(context,
				(MethodDescriptor<Message, Message>) service.getMethods().iterator().next().getMethodDescriptor());
	}

	private static void block(CountDownLatch entered) {
		entered.countDown();
		try {
			new CountDownLatch(1).await(20, TimeUnit.SECONDS);
		}
		catch (InterruptedException ex) {
			// Ends the call with something that its client will not see
			throw new IllegalStateException(ex);
		}
	}

	private static final class Missing extends RuntimeException {

		private static final long serialVersionUID = 1L;

	}

	@GrpcAdvice
	static class Missings {

		@GrpcExceptionHandler
		Status missing(Missing exception) {
			return Status.NOT_FOUND;
		}

	}

	enum Refusal {

		CLOSES, THROWS, FAILS, CRASHES, THROWS_IN_CALLBACK

	}

	@Order(Ordered.HIGHEST_PRECEDENCE + 200)
	@GrpcGlobalServerInterceptor
	static class RefusingInterceptor implements ServerInterceptor {

		private final Refusal refusal;

		RefusingInterceptor(Refusal refusal) {
			this.refusal = refusal;
		}

		@Override
		public <Q, R> ServerCall.Listener<Q> interceptCall(ServerCall<Q, R> call, Metadata headers,
				ServerCallHandler<Q, R> next) {
			return switch (this.refusal) {
				case CLOSES -> {
					call.close(Status.PERMISSION_DENIED, new Metadata());
					yield new ServerCall.Listener<>() {
					};
				}
				case THROWS -> throw Status.PERMISSION_DENIED.asRuntimeException();
				case FAILS -> throw new IllegalStateException("The test wants it");
				case CRASHES -> throw new AssertionError("The test wants it");
				case THROWS_IN_CALLBACK -> {
					call.request(2);
					yield new ServerCall.Listener<>() {

						@Override
						public void onHalfClose() {
							throw Status.PERMISSION_DENIED.asRuntimeException();
						}

					};
				}
			};
		}

	}

	static class OwnConvention implements GrpcServerObservationConvention {

		@Override
		public String getName() {
			return "own.name";
		}

		@Override
		public KeyValues getLowCardinalityKeyValues(GrpcServerObservationContext context) {
			return KeyValues.empty();
		}

	}

	@Configuration(proxyBeanMethods = false)
	static class Own {

		@Bean
		@GrpcGlobalServerInterceptor
		ObservationGrpcServerInterceptor own(ObservationRegistry registry) {
			return new ObservationGrpcServerInterceptor(registry);
		}

	}

}
