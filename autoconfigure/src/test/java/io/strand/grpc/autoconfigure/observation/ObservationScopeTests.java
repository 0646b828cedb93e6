package io.strand.grpc.autoconfigure.observation;

import java.time.Duration;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicReference;

import io.grpc.BindableService;
import io.grpc.CallOptions;
import io.grpc.ClientInterceptors;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.ServerServiceDefinition;
import io.grpc.stub.MetadataUtils;
import io.grpc.stub.ServerCallStreamObserver;
import io.micrometer.core.instrument.binder.grpc.GrpcServerObservationContext;
import io.micrometer.observation.Observation;
import io.micrometer.observation.ObservationRegistry;
import io.strand.grpc.autoconfigure.observation.ObservedServer.Observing;
import io.strand.grpc.autoconfigure.observation.ObservedServer.Recorder;
import io.strand.grpc.call.GrpcCall;
import io.strand.grpc.server.GrpcGlobalServerInterceptor;
import io.strand.grpc.stream.BidiStream;
import io.strand.grpc.stream.BlockingHandlers;
import io.strand.grpc.testing.ConcurrentRun;
import io.strand.grpc.testing.EchoGrpc;
import io.strand.grpc.testing.EchoHandlers;
import io.strand.grpc.testing.EchoHandlers.RequestObserver;
import io.strand.grpc.testing.LeakCheckExtension;
import io.strand.grpc.testing.Message;
import io.strand.grpc.testing.Outcome;
import io.strand.grpc.testing.TestClient;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.core.Ordered;
import org.springframework.core.annotation.Order;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * The observation of a call is open in each of its callbacks, and in those of no other.
 */
@ExtendWith(LeakCheckExtension.class)
class ObservationScopeTests {

	private static final Message MESSAGE = Message.newBuilder().setText("hello").build();

	private final EchoHandlers handlers = new EchoHandlers();

	/** What the callbacks saw, those of all calls in their order. */
	private final Queue<String> seen = new ConcurrentLinkedQueue<>();

	private final AtomicReference<ObservationRegistry> registry = new AtomicReference<>();

	private final ApplicationContextRunner runner = ObservedServer.runner()
		.withUserConfiguration(Observing.class)
		.withBean(Outside.class);

	@ParameterizedTest
	@ValueSource(strings = { "auto", "platform", "event-loop" })
	void everyCallbackHasTheObservationOfItsCall(String threading) {
		this.handlers.bidi((responses) -> {
			look("start");
			ServerCallStreamObserver<Message> call = (ServerCallStreamObserver<Message>) responses;
			call.setOnReadyHandler(() -> look("ready"));
			call.setOnCloseHandler(() -> look("complete"));
			call.setOnCancelHandler(() -> look("cancel"));
			return new RequestObserver((message) -> {
				look("message");
				responses.onNext(message);
			}, () -> {
				look("half-close");
				responses.onCompleted();
			});
		});
		this.runner.withBean(EchoHandlers.class, () -> this.handlers)
			.withPropertyValues("strand.server.handler.threading=" + threading,
					"strand.server.handler.platform.max-threads=1")
			.run((context) -> {
				this.registry.set(context.getBean(ObservationRegistry.class));
				try (TestClient client = ObservedServer.client(context)) {
					Outcome completed = Outcome.of(client.channel(), EchoGrpc.getBidiMethod(), CallOptions.DEFAULT,
							MESSAGE);
					assertThat(completed.status().isOk()).isTrue();
					await().until(() -> this.seen.contains("complete: its own"));
					Outcome cancelled = Outcome.open(client.channel(), EchoGrpc.getBidiMethod(), CallOptions.DEFAULT);
					cancelled.call().sendMessage(MESSAGE);
					await().until(() -> !cancelled.messages().isEmpty());
					cancelled.cancel();
					await().until(() -> this.seen.contains("cancel: its own"));
				}
				assertThat(this.seen).contains("start: its own", "ready: its own", "message: its own",
						"half-close: its own");
				assertThat(this.seen).allMatch((line) -> line.endsWith(": its own"));
				context.getBean(Recorder.class).stopped(2);
				assertThat(context.getBean(Outside.class).found).isEmpty();
			});
	}

	@ParameterizedTest
	@CsvSource({ "auto, 200", "platform, 8", "event-loop, 8" })
	void callsThatAreServedAtTheSameTimeKeepTheirObservationsApart(String threading, int maxThreads) throws Exception {
		this.handlers.bidi((responses) -> {
			String mine = GrpcCall.current().headers().get(Outside.NUMBER);
			check(mine);
			return new RequestObserver((message) -> {
				check(mine);
				responses.onNext(message);
				check(mine);
			}, () -> {
				check(mine);
				if (mine.endsWith("3")) {
					throw new IllegalStateException("The test wants it");
				}
				responses.onCompleted();
			});
		});
		this.runner.withBean(EchoHandlers.class, () -> this.handlers)
			.withPropertyValues("strand.server.handler.threading=" + threading,
					"strand.server.handler.platform.max-threads=" + maxThreads)
			.run((context) -> {
				this.registry.set(context.getBean(ObservationRegistry.class));
				try (TestClient client = ObservedServer.client(context)) {
					ConcurrentRun.of(8, (number) -> talk(client, number)).join(Duration.ofSeconds(30));
				}
				assertThat(this.seen).hasSize(8 * 25 * 6).containsOnly("its own");
				assertThat(context.getBean(Recorder.class).stopped(8 * 25)).doesNotHaveDuplicates();
				assertThat(context.getBean(Outside.class).found).isEmpty();
			});
	}

	private static void talk(TestClient client, int number) {
		for (int i = 0; i < 25; i++) {
			Metadata headers = new Metadata();
			headers.put(Outside.NUMBER, number + "-" + i);
			Outcome outcome = Outcome.open(
					ClientInterceptors.intercept(client.channel(), MetadataUtils.newAttachHeadersInterceptor(headers)),
					EchoGrpc.getBidiMethod(), CallOptions.DEFAULT);
			outcome.call().sendMessage(MESSAGE);
			outcome.call().sendMessage(MESSAGE);
			await().until(() -> outcome.messages().size() == 2);
			outcome.call().halfClose();
			outcome.status();
		}
	}

	private void check(String mine) {
		GrpcServerObservationContext context = current();
		String found = (context != null) ? context.getCarrier().get(Outside.NUMBER) : "none";
		this.seen.add(mine.equals(found) ? "its own" : found + " in call " + mine);
	}

	@Test
	void blockingHandlersHaveIt() {
		ServerServiceDefinition service = ServerServiceDefinition.builder("strand.testing.Echo")
			.addMethod(EchoGrpc.getBidiMethod(), BlockingHandlers.bidiStreaming(this::chat))
			.build();
		this.runner.withBean(BindableService.class, () -> () -> service).run((context) -> {
			this.registry.set(context.getBean(ObservationRegistry.class));
			try (TestClient client = ObservedServer.client(context)) {
				Outcome outcome = Outcome.of(client.channel(), EchoGrpc.getBidiMethod(), CallOptions.DEFAULT, MESSAGE,
						MESSAGE);
				assertThat(outcome.status().isOk()).isTrue();
			}
			assertThat(this.seen).containsExactly("before: its own", "after 1: its own", "after 2: its own",
					"end: its own");
			context.getBean(Recorder.class).only();
		});
	}

	private void chat(BidiStream<Message, Message> stream) {
		look("before");
		int count = 0;
		for (Message message : stream) {
			look("after " + ++count);
			stream.send(message);
		}
		look("end");
	}

	private void look(String callback) {
		GrpcServerObservationContext context = current();
		boolean own = context != null && context.getCarrier() == GrpcCall.current().headers();
		this.seen.add(callback + ": " + (own ? "its own" : String.valueOf(context)));
	}

	private @Nullable GrpcServerObservationContext current() {
		Observation current = this.registry.get().getCurrentObservation();
		return (current != null) ? (GrpcServerObservationContext) current.getContext() : null;
	}

	/** Outside of the observation: must find the thread as if it had served no call. */
	@Order(Ordered.HIGHEST_PRECEDENCE)
	@GrpcGlobalServerInterceptor
	static class Outside implements ServerInterceptor {

		static final Metadata.Key<String> NUMBER = Metadata.Key.of("number", Metadata.ASCII_STRING_MARSHALLER);

		final Queue<Observation> found = new ConcurrentLinkedQueue<>();

		private final ObservationRegistry registry;

		Outside(ObservationRegistry registry) {
			this.registry = registry;
		}

		@Override
		public <Q, R> ServerCall.Listener<Q> interceptCall(ServerCall<Q, R> call, Metadata headers,
				ServerCallHandler<Q, R> next) {
			look();
			try {
				return next.startCall(call, headers);
			}
			finally {
				look();
			}
		}

		private void look() {
			Observation current = this.registry.getCurrentObservation();
			if (current != null) {
				this.found.add(current);
			}
		}

	}

}
