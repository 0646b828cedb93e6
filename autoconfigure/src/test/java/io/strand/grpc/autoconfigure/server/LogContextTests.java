package io.strand.grpc.autoconfigure.server;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicReference;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.AppenderBase;
import io.grpc.CallOptions;
import io.strand.grpc.call.CallEngine;
import io.strand.grpc.call.CallThreadHook;
import io.strand.grpc.call.LiveCall.State;
import io.strand.grpc.call.GrpcCall;
import io.strand.grpc.stream.BlockingStreams;
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
import org.junit.jupiter.params.provider.ValueSource;
import org.slf4j.LoggerFactory;
import org.slf4j.MDC;

import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.autoconfigure.task.TaskExecutionAutoConfiguration;
import org.springframework.boot.test.context.FilteredClassLoader;
import org.springframework.boot.test.context.assertj.AssertableApplicationContext;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.core.task.AsyncTaskExecutor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * Tests for what the log lines of a call tell of it.
 */
@ExtendWith(LeakCheckExtension.class)
class LogContextTests {

	private final EchoHandlers handlers = new EchoHandlers();

	private final List<Map<String, String>> seen = new CopyOnWriteArrayList<>();

	private final ApplicationContextRunner runner = ServerContext.runner()
		.withBean(EchoHandlers.class, () -> this.handlers);

	@Test
	void methodAndNumberAreThereUnlessConfiguredOtherwise() {
		this.handlers.unary((request, responses) -> {
			look();
			assertThat(MDC.get("grpc.callId")).isEqualTo(Long.toString(GrpcCall.current().id()));
			EchoHandlers.echo(request, responses);
		});
		this.runner.run((context) -> {
			assertThat(call(context).status().isOk()).isTrue();
			assertThat(this.seen).singleElement().satisfies((entries) -> {
				assertThat(entries).containsOnlyKeys("grpc.method", "grpc.callId");
				assertThat(entries).containsEntry("grpc.method", "strand.testing.Echo/Unary");
			});
		});
	}

	@Test
	void entriesAreChosen() {
		this.handlers.unary((request, responses) -> {
			look();
			EchoHandlers.echo(request, responses);
		});
		this.runner.withPropertyValues("strand.server.handler.log-context=peer").run((context) -> {
			call(context);
			assertThat(this.seen).singleElement().satisfies((entries) -> {
				assertThat(entries).containsOnlyKeys("grpc.peer");
				assertThat(entries.get("grpc.peer")).matches("(127\\.0\\.0\\.1|[0-9a-f:]+):\\d+");
			});
		});
		this.seen.clear();
		this.runner.withPropertyValues("strand.server.handler.log-context=").run((context) -> {
			call(context);
			assertThat(this.seen).containsExactly(Map.of());
		});
	}

	@Test
	void aPeerWhoseNameIsUnfitForALineIsEscaped() {
		this.handlers.unary((request, responses) -> {
			look();
			EchoHandlers.echo(request, responses);
		});
		String name = "one\u0085two\u2028three\u001Bfour";
		this.runner
			.withPropertyValues("strand.server.in-process.name=" + name, "strand.server.handler.log-context=peer")
			.run((context) -> {
				try (TestClient client = TestClient.inProcess(name)) {
					assertThat(client.echo("hello")).isEqualTo("hello");
				}
				assertThat(this.seen).singleElement()
					.satisfies((entries) -> assertThat(entries).containsEntry("grpc.peer",
							"one\\u0085two\\u2028three\\u001bfour"));
			});
	}

	@ParameterizedTest
	@ValueSource(strings = { "auto", "platform", "event-loop" })
	void everyCallbackHasItsOwnCallsEntriesAndThreadsAreLeftAsTheyWere(String threading) {
		AtomicReference<String> bad = new AtomicReference<>();
		this.handlers.bidi((responses) -> {
			String mine = Objects.requireNonNull(MDC.get("grpc.callId"));
			MDC.put("grpc.callId", "spoilt " + mine);
			return new RequestObserver((message) -> {
				if (!mine.equals(MDC.get("grpc.callId")) && !("spoilt " + mine).equals(MDC.get("grpc.callId"))) {
					bad.set(MDC.get("grpc.callId") + " in call " + mine);
				}
				responses.onNext(message);
			}, responses::onCompleted);
		});
		this.runner.withPropertyValues("strand.server.handler.threading=" + threading).run((context) -> {
			try (TestClient client = ServerContext.client(context)) {
				for (int round = 0; round < 20; round++) {
					Outcome one = Outcome.open(client.channel(), EchoGrpc.getBidiMethod(), CallOptions.DEFAULT);
					Outcome other = Outcome.open(client.channel(), EchoGrpc.getBidiMethod(), CallOptions.DEFAULT);
					for (int i = 1; i <= 3; i++) {
						int count = i;
						one.call().sendMessage(Message.getDefaultInstance());
						other.call().sendMessage(Message.getDefaultInstance());
						await().pollDelay(Duration.ZERO)
							.pollInterval(Duration.ofMillis(1))
							.until(() -> one.messages().size() >= count && other.messages().size() >= count);
					}
					one.call().halfClose();
					other.call().halfClose();
					assertThat(one.status().isOk()).isTrue();
					assertThat(other.status().isOk()).isTrue();
				}
			}
		});
		assertThat(bad).hasNullValue();
	}

	@ParameterizedTest
	@ValueSource(strings = { "auto", "platform" })
	void hooksOfTheApplicationAreToldBeside(String threading) {
		List<String> told = new CopyOnWriteArrayList<>();
		this.handlers.bidi((responses) -> {
			look();
			told.add("handler");
			return new RequestObserver(responses::onNext, responses::onCompleted);
		});
		this.runner.withBean("first", CallThreadHook.class, () -> hook("first", told))
			.withBean("second", CallThreadHook.class, () -> hook("second", told))
			.withPropertyValues("strand.server.handler.threading=" + threading)
			.run((context) -> {
				CallEngine engine = context.getBean(CallEngine.class);
				try (TestClient client = ServerContext.client(context)) {
					Outcome outcome = Outcome.open(client.channel(), EchoGrpc.getBidiMethod(), CallOptions.DEFAULT);
					for (int i = 1; i <= 3; i++) {
						int count = i;
						outcome.call().sendMessage(Message.getDefaultInstance());
						await().until(() -> outcome.messages().size() == count
								&& engine.liveCalls().iterator().next().state() == State.WAITING_FOR_MESSAGE);
					}
					outcome.call().halfClose();
					assertThat(outcome.status().isOk()).isTrue();
					await().until(() -> engine.liveCalls().isEmpty());
				}
				assertThat(this.seen).singleElement()
					.satisfies((entries) -> assertThat(entries).containsKey("grpc.method"));
				// The call is over before its thread has left the last hook
				await().untilAsserted(() -> assertThat(String.join(", ", told))
					.matches("of first, of second, first begins, second begins, handler, "
							+ "second ends, first ends(, first begins, second begins, second ends, first ends)*"));
				assertThat(String.join(", ", told).split("handler")).hasSize(2);
			});
	}

	private static CallThreadHook hook(String name, List<String> told) {
		return (call) -> {
			told.add("of " + name);
			return new CallThreadHook.Work() {

				@Override
				public void begin() {
					told.add(name + " begins");
				}

				@Override
				public void end() {
					told.add(name + " ends");
				}

			};
		};
	}

	@Test
	void threadsThatReceiveForABlockingStreamHaveThem() {
		this.handlers.bidi((responses) -> BlockingStreams.<Message, Message>talk(responses, (stream) -> {
			look();
			stream.receiveEach((message) -> look()).join();
		}));
		this.runner.run((context) -> {
			try (TestClient client = ServerContext.client(context)) {
				assertThat(Outcome
					.of(client.channel(), EchoGrpc.getBidiMethod(), CallOptions.DEFAULT, Message.getDefaultInstance())
					.status()
					.isOk()).isTrue();
			}
			assertThat(this.seen).hasSize(2);
			assertThat(this.seen.get(0)).containsOnlyKeys("grpc.method", "grpc.callId");
			assertThat(this.seen.get(1)).isEqualTo(this.seen.get(0));
		});
	}

	@ParameterizedTest
	@ValueSource(strings = { "nothing.is.missing", "io.micrometer.context" })
	void tasksThatTheCallIsCarriedToHaveThem(String missing) {
		this.runner.withConfiguration(AutoConfigurations.of(TaskExecutionAutoConfiguration.class))
			.withPropertyValues("spring.task.execution.propagate-context=true")
			.withClassLoader(new FilteredClassLoader(missing))
			.run((context) -> {
				AsyncTaskExecutor executor = context.getBean(AsyncTaskExecutor.class);
				this.handlers.unary((request, responses) -> {
					look();
					executor.submitCompletable(this::look).join();
					EchoHandlers.echo(request, responses);
				});
				for (int i = 1; i <= 20; i++) {
					assertThat(call(context).status().isOk()).isTrue();
					assertThat(this.seen).hasSize(2);
					assertThat(this.seen.get(1)).isEqualTo(this.seen.get(0))
						.containsOnlyKeys("grpc.method", "grpc.callId");
					this.seen.clear();
				}
				for (int i = 0; i < 20; i++) {
					executor.submitCompletable(this::look).join();
				}
				assertThat(this.seen).as("the threads of the executor").containsOnly(Map.of());
			});
	}

	@Test
	void lineAboutAFailureHasThem() {
		this.handlers.unary((request, responses) -> {
			throw new IllegalStateException("on purpose");
		});
		assertThat(linesOf("io.strand.grpc.call.HandlerFailure")).singleElement()
			.satisfies((entries) -> assertThat(entries).containsEntry("grpc.method", "strand.testing.Echo/Unary"));
	}

	@Test
	void lineAboutAFailureThatAnotherThreadTellsHasThem() {
		Map<String, String> left = new ConcurrentHashMap<>();
		this.handlers.unary((request, responses) -> {
			Thread other = new Thread(() -> {
				MDC.put("own", "of the thread");
				responses.onError(new IllegalStateException("on purpose"));
				left.putAll(MDC.getCopyOfContextMap());
			});
			other.start();
			join(other);
		});
		assertThat(linesOf("io.strand.grpc.service.advice.ExceptionResolver")).singleElement()
			.satisfies((entries) -> assertThat(entries).containsEntry("grpc.method", "strand.testing.Echo/Unary")
				.containsKey("grpc.callId"));
		assertThat(left).containsExactly(Map.entry("own", "of the thread"));
	}

	private static void join(Thread thread) {
		try {
			thread.join();
		}
		catch (InterruptedException ex) {
			Thread.currentThread().interrupt();
		}
	}

	/** The entries of each line that a logger writes in a call. */
	private List<Map<String, String>> linesOf(String name) {
		Logger logger = (Logger) LoggerFactory.getLogger(name);
		List<Map<String, String>> lines = new CopyOnWriteArrayList<>();
		AppenderBase<ILoggingEvent> appender = new AppenderBase<>() {

			@Override
			protected void append(ILoggingEvent event) {
				lines.add(event.getMDCPropertyMap());
			}

		};
		appender.start();
		logger.addAppender(appender);
		try {
			this.runner.run((context) -> call(context));
		}
		finally {
			logger.detachAppender(appender);
		}
		return lines;
	}

	private void look() {
		this.seen.add(Objects.requireNonNullElse(MDC.getCopyOfContextMap(), Map.of()));
	}

	private static Outcome call(AssertableApplicationContext context) {
		try (TestClient client = ServerContext.client(context)) {
			Outcome outcome = Outcome.of(client.channel(), EchoGrpc.getUnaryMethod(), CallOptions.DEFAULT,
					Message.getDefaultInstance());
			outcome.status();
			CallEngine engine = context.getBean(CallEngine.class);
			await().until(() -> engine.liveCalls().isEmpty());
			return outcome;
		}
	}

}
